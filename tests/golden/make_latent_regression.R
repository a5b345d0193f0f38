# Regressions on factors of the Holzinger-Swineford tests: one structural model, and lavaan's local
# structural-after-measurement with one block per factor, whose point estimates are Croon's.
# Writes latent_regression.json beside itself. Needs lavaan 0.6 and jsonlite.
suppressMessages({library(lavaan); library(jsonlite)})
d <- HolzingerSwineford1939
i <- seq_len(nrow(d))
d$third <- as.numeric(i %% 3 == 0)
d$w <- ((37 * i) %% 101) / 50
blocks <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\n"
observed <- paste0(blocks, "x9 ~ visual + textual + x8 + third\nvisual + textual ~~ x8 + third\nx8 ~~ third")
latent <- paste0(blocks, "speed =~ x7 + x8 + x9\nspeed ~ visual + textual + w\nvisual + textual ~~ w")

rows <- function(table, value) {
  part <- table[table$op == "~", ]
  list(term = part$rhs, estimate = part[[value]], std_error = part$se)
}
fit_of <- function(fit) as.list(unclass(fitMeasures(fit, c("chisq", "df", "cfi", "rmsea", "srmr"))))
one_step <- function(estimator) {
  fit <- sem(observed, d, std.lv = TRUE, fixed.x = FALSE, estimator = estimator)
  c(rows(parameterEstimates(fit), "est"), list(fit = fit_of(fit)))
}
fit <- sem(latent, d, std.lv = TRUE, fixed.x = FALSE)
# factors in their standard deviations, w in its own unit
of_latent <- rows(standardizedSolution(fit, type = "std.lv"), "est.std")
of_latent <- c(of_latent, list(fit = fit_of(fit)))

corrected <- function(model, blocks, outcome) {
  fit <- sam(model, d, sam.method = "local", mm.list = as.list(blocks))
  table <- parameterEstimates(fit)
  slopes <- table[table$op == "~", ]
  cov <- lavInspect(fit, "cov.lv")
  spread <- function(name) if (name %in% blocks) sqrt(cov[name, name]) else 1
  estimate <- slopes$est * sapply(slopes$rhs, spread) / spread(outcome)
  list(term = slopes$rhs, estimate = unname(estimate))
}
out <- list(
  source = paste("lavaan", packageVersion("lavaan"), "HolzingerSwineford1939"),
  sem_ml = one_step("ML"), sem_mlr = one_step("MLR"), sem_latent_outcome = of_latent,
  sam_observed = corrected(observed, c("visual", "textual"), "x9"),
  sam_latent = corrected(latent, c("visual", "textual", "speed"), "speed")
)
arguments <- commandArgs(trailingOnly = FALSE)
here <- dirname(sub("--file=", "", arguments[grep("--file=", arguments)]))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), file.path(here, "latent_regression.json"))
