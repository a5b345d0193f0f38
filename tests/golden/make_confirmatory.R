# Reference values for confirmatory factor analysis; run in this folder: Rscript make_confirmatory.R
# (Debian: r-cran-lavaan r-cran-jsonlite). Writes confirmatory.json. Data: lavaan's HolzingerSwineford1939, likert.csv.
options(warn = 1)
suppressMessages({library(lavaan); library(jsonlite)})
hs <- HolzingerSwineford1939; x <- paste0("x", 1:9)
likert <- read.csv("likert.csv"); likert$part <- ifelse(seq_len(nrow(likert)) %% 8 < 3, "a", "b")
measured <- c("npar", "chisq", "df", "pvalue", "baseline.chisq", "baseline.df", "cfi", "tli", "rmsea", "rmsea.ci.lower",
  "rmsea.ci.upper", "rmsea.pvalue", "srmr", "logl", "unrestricted.logl", "aic", "bic", "chisq.scaled", "df.scaled",
  "pvalue.scaled", "chisq.scaling.factor", "baseline.chisq.scaled", "baseline.chisq.scaling.factor", "cfi.scaled",
  "tli.scaled", "rmsea.scaled", "rmsea.ci.lower.scaled", "rmsea.ci.upper.scaled", "rmsea.pvalue.scaled", "cfi.robust",
  "tli.robust", "rmsea.robust", "rmsea.ci.lower.robust", "rmsea.ci.upper.robust", "rmsea.pvalue.robust")
result <- function(fit, modification = FALSE) {
  m <- fitMeasures(fit); m <- m[intersect(measured, names(m))]
  p <- parTable(fit); p <- p[p$op %in% c("=~", "~~", "~1", "~", "|", "~*~"), c("lhs", "op", "rhs", "group", "est", "se", "free")]
  s <- standardizedSolution(fit); s <- s[, intersect(c("lhs", "op", "rhs", "group", "est.std", "se"), names(s))]
  o <- list(fit = as.list(m), parameters = as.data.frame(unclass(p)), std = as.data.frame(unclass(s)))
  if (modification) { i <- modindices(fit); o$modification <- as.data.frame(unclass(i[, intersect(c("lhs", "op", "rhs", "group", "mi", "epc", "sepc.all"), names(i))])) }
  o
}
difference <- function(a, b, ...) { d <- lavTestLRT(a, b, ...); list(chisq = d[2, "Chisq diff"], df = d[2, "Df diff"], p = d[2, "Pr(>Chisq)"]) }
biased <- function(d) { n <- nrow(d); list(n = n, mean = unname(colMeans(d)), cov = unname(cov(d) * (n - 1) / n)) }
m <- "visual =~ x1+x2+x3\n textual =~ x4+x5+x6\n speed =~ x7+x8+x9"
tight <- list(iter.max = 10000, eval.max = 20000)
fit <- function(model = m, data = hs, ...) cfa(model, data, control = tight, ...)

out <- list(lavaan = as.character(packageVersion("lavaan")))
out$moments <- list(all = biased(hs[, x]), Pasteur = biased(hs[hs$school == "Pasteur", x]), `Grant-White` = biased(hs[hs$school == "Grant-White", x]))
out$ml <- result(fit(), TRUE)
out$std_lv <- result(fit(std.lv = TRUE))
out$mlr <- result(fit(estimator = "MLR"))
out$ulsmv <- result(fit(estimator = "ULSMV"))
out$ulsmv_scalar <- result(fit(estimator = "ULSMV", group = "school", group.equal = c("loadings", "intercepts")))
out$orthogonal_method <- result(fit(paste0(m, "\n method =~ ", paste0("a*x", 1:9, collapse = "+"), "\n method ~~ 1*method + 0*visual + 0*textual + 0*speed"), std.lv = TRUE))
out$regression <- result(sem(paste0(m, "\n speed ~ visual + textual + ageyr"), hs, control = tight, fixed.x = FALSE, meanstructure = TRUE))
out$age <- list(mean = mean(hs$ageyr), cov = unname(c(cov(hs[, x], hs$ageyr), var(hs$ageyr)) * 300 / 301))
out$residual_pair <- result(fit(paste0(m, "\n x7 ~~ x8\n visual =~ x9")))

levels <- list(configural = "", metric = "loadings", scalar = c("loadings", "intercepts"), strict = c("loadings", "intercepts", "residuals"))
for (e in c("ML", "MLR")) {
  fits <- lapply(levels, function(l) fit(estimator = e, group = "school", group.equal = l))
  out[[paste0("invariance_", tolower(e))]] <- lapply(fits, result)
  steps <- list(metric = c(1, 2), scalar = c(2, 3), strict = c(3, 4))
  d <- lapply(steps, function(s) difference(fits[[s[1]]], fits[[s[2]]], method = if (e == "ML") "default" else "satorra.bentler.2001"))
  out[[paste0("difference_", tolower(e))]] <- d
  if (e == "MLR") out$difference_mlr_2010 <- lapply(steps, function(s) difference(fits[[s[1]]], fits[[s[2]]], method = "satorra.bentler.2010"))
}
out$partial <- result(fit(group = "school", group.equal = c("loadings", "intercepts"), group.partial = c("x3~1", "x7~1")), FALSE)
out$std_lv_scalar <- result(fit(group = "school", group.equal = c("loadings", "intercepts"), std.lv = TRUE))

hm <- hs; set.seed(3); gone <- list(); for (v in x) { gone[[v]] <- sample(nrow(hm), 40); hm[gone[[v]], v] <- NA }
out$missing <- gone
out$fiml <- result(fit(data = hm, missing = "fiml"))
out$fiml_mlr <- result(fit(data = hm, missing = "fiml", estimator = "MLR"))
out$fiml_scalar <- result(fit(data = hm, missing = "fiml", group = "school", group.equal = c("loadings", "intercepts")))

mo <- "a =~ q1+q2+q3+q4\n b =~ q5+q6+q7+q8\n c =~ q9+q10+q11+q12"; q <- paste0("q", 1:12)
ordinal <- function(...) cfa(mo, likert, ordered = q, estimator = "WLSMV", control = tight, ...)
out$wlsmv <- result(ordinal(), TRUE)
two <- list(configural = ordinal(group = "part", group.label = c("a", "b")), scalar = ordinal(group = "part", group.label = c("a", "b"), group.equal = c("loadings", "thresholds")))
out$invariance_wlsmv <- lapply(two, result)
out$difference_wlsmv <- difference(two[[1]], two[[2]])
write_json(out, "confirmatory.json", digits = 12, auto_unbox = TRUE, matrix = "rowmajor", na = "null")
