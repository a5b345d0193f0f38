# Small-sample covariances of generalised linear models, written to glm_covariances.json.
# sandwich (vcovHC), clubSandwich (vcovCR, coef_test); data: sandwich::PetersenCL, forty firms as in
# make_linear.R. Rscript make_glm_covariances.R OUT.json
suppressPackageStartupMessages({library(sandwich); library(clubSandwich); library(jsonlite)})

data("PetersenCL", package = "sandwich")
panel <- PetersenCL
panel$w <- 1 + (seq_len(nrow(panel)) %% 7) / 4
few <- panel[panel$firm <= 40 & !(panel$firm %% 3 == 0 & panel$year > 6), ]
few$z <- few$year / 10 + (few$firm %% 5)
few$high <- as.numeric(few$y > 0)
few$count <- floor(abs(few$y) * 2)
few$share <- plogis(few$y)
few$months <- 1 + few$firm %% 12
few$first <- as.numeric(few$firm == 1)

exact <- glm.control(epsilon = 1e-15, maxit = 100)
# suppressed: quasi-likelihoods with weights that are not counts
fits <- suppressWarnings(list(
  logit = glm(high ~ x + z, binomial, few, control = exact),
  probit = glm(high ~ x + z, binomial("probit"), few, control = exact),
  fractional = glm(share ~ x + z, quasibinomial, few, control = exact),
  poisson = glm(count ~ x + z + offset(log(months)), poisson, few, control = exact),
  alone = glm(count ~ x + first, poisson, few, control = exact),
  logit_weighted = glm(high ~ x + z, quasibinomial, few, weights = w, control = exact),
  probit_weighted = glm(high ~ x + z, quasibinomial("probit"), few, weights = w, control = exact),
  poisson_weighted = glm(count ~ x + z + offset(log(months)), quasipoisson, few, weights = w, control = exact)
))
# glm's covariance has the weights of its last step's start: here the estimate itself
fits <- lapply(fits, function(fit) suppressWarnings(update(fit, start = coef(fit))))

plain <- function(v) unname(matrix(as.numeric(v), nrow(v)))
# weights are not inverse variances: CR2's working variance is that of the family
clustered <- function(fit, cluster, type, weighted) {
  v <- if (weighted && type == "CR2") {
    vcovCR(fit, cluster, type, target = fit$family$variance(fitted(fit)), inverse_var = FALSE)
  } else {
    vcovCR(fit, cluster, type)
  }
  test <- coef_test(fit, vcov = v, test = "Satterthwaite")
  list(vcov = plain(v), df = if ("df_Satt" %in% names(test)) test$df_Satt else test$df)
}
out <- lapply(names(fits), function(name) {
  fit <- fits[[name]]
  weighted <- grepl("weighted", name)
  types <- if (name == "alone") "CR2" else c("CR2", "CR3")   # clubSandwich refuses CR3 there
  tables <- function(cluster) sapply(types, clustered, fit = fit, cluster = cluster, weighted = weighted,
                                     simplify = FALSE)
  list(coef = unname(coef(fit)),
       hc = sapply(c("HC2", "HC3", "HC4"), function(type) plain(vcovHC(fit, type)), simplify = FALSE),
       firm = tables(few$firm), year = tables(few$year))
})
names(out) <- names(fits)
out$versions <- list(sandwich = as.character(packageVersion("sandwich")),
                     clubSandwich = as.character(packageVersion("clubSandwich")))
write_json(out, commandArgs(trailingOnly = TRUE)[1], digits = 15, auto_unbox = TRUE, matrix = "rowmajor")
