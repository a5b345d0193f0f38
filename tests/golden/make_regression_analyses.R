# Second sources for diagnostics, mediation, moderation and adjusted p-values, on Prestige of carData.
suppressMessages({library(car); library(lmtest); library(lavaan); library(jsonlite)})
data(Prestige, package = "carData")
d <- Prestige[complete.cases(Prestige[, c("education", "income", "women", "prestige")]), ]
d$income <- d$income / 1000
fit <- lm(prestige ~ education + income + women, d)
test <- function(t) c(statistic = unname(t$statistic), p_value = unname(t$p.value))
bp <- bptest(fit)
white <- bptest(fit, ~ (education + income + women)^2 + I(education^2) + I(income^2) + I(women^2), data = d)
out <- list(
  breusch_pagan = test(bp), white = test(white),
  reset_2_3 = test(resettest(fit, power = 2:3)), reset_2_3_4 = test(resettest(fit, power = 2:4)),
  durbin_watson = unname(dwtest(fit)$statistic),
  cooks = unname(cooks.distance(fit)), hat = unname(hatvalues(fit)), studentised = unname(rstudent(fit)),
  dfbetas = unname(dfbetas(fit)), vif = as.list(vif(fit)))
parallel <- "
  income ~ a1 * education
  women ~ a2 * education
  income ~~ women
  prestige ~ c * education + b1 * income + b2 * women
  i1 := a1 * b1
  i2 := a2 * b2
  all := a1 * b1 + a2 * b2
  whole := c + a1 * b1 + a2 * b2
"
serial <- "
  income ~ a1 * education
  women ~ a2 * education + d * income
  prestige ~ c * education + b1 * income + b2 * women
  i1 := a1 * b1
  i2 := a2 * b2
  i12 := a1 * d * b2
  all := a1 * b1 + a2 * b2 + a1 * d * b2
"
defined <- function(model) {
  found <- standardizedSolution(f <- sem(model, d))
  raw <- parameterEstimates(f)
  list(estimate = as.list(setNames(raw$est[raw$op == ":="], raw$label[raw$op == ":="])),
       beta = as.list(setNames(found$est.std[found$op == ":="], raw$label[raw$op == ":="])))
}
out$parallel <- defined(parallel)
out$serial <- defined(serial)
# simple slopes by refitting with the moderator moved to each level
slope <- function(at) {
  moved <- transform(d, w = women - at)
  unname(coef(summary(lm(prestige ~ education * w + income, moved)))["education", 1:3])
}
levels <- mean(d$women) + c(-1, 0, 1) * sd(d$women)
out$slopes <- t(sapply(levels, slope))
p <- c(0.01, 0.02, 0.03, 0.04, 0.2, 0.0004, 0.04)
out$p <- p
out$BH <- p.adjust(p, "BH")
out$holm <- p.adjust(p, "holm")
out$versions <- as.list(sapply(c("car", "lmtest", "lavaan"), function(n) as.character(packageVersion(n))))
write_json(out, "regression_analyses.json", digits = 12, auto_unbox = TRUE)
