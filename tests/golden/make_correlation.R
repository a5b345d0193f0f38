# Reference values for correlations, missing data and number of factors; run beside likert.csv and harman74_correlation.csv:
#   Rscript make_correlation.R          (R packages psych, lavaan, Matrix, jsonlite)
suppressMessages({library(psych); library(lavaan); library(jsonlite)})
values <- function(m) unname(as.matrix(unclass(m)))
items <- read.csv("likert.csv")
out <- list(psych=as.character(packageVersion("psych")), lavaan=as.character(packageVersion("lavaan")))

# two-by-two table with an empty cell, by each program's rule
counts <- matrix(c(40, 20, 0, 40), 2)
rows <- as.data.frame(which(counts >= 0, arr.ind=TRUE)[rep(1:4, counts), ]); names(rows) <- c("a", "b")
out$empty_cell <- list(lavaan=suppressWarnings(lavCor(rows, ordered=c("a", "b"))[2, 1]), psych_tetrachoric=suppressMessages(tetrachoric(rows)$rho[2, 1]))

# covariance of thresholds and polychorics, complete and with missing values
model <- "f =~ q1 + q2 + q3 + q4"
gamma <- function(d, missing) { fit <- cfa(model, d, ordered=TRUE, estimator="WLSMV", missing=missing)
  list(names=colnames(lavInspect(fit, "gamma")), nacov=values(lavInspect(fit, "gamma")), corr=values(lavInspect(fit, "sampstat")$cov)) }
out$gamma <- gamma(items[, 1:4], "listwise")
missing <- items[, 1:4]; set.seed(1); for (v in 1:4) missing[sample(400, 40), v] <- NA
write.csv(missing, "likert_missing.csv", row.names=FALSE, na="")
out$gamma_missing <- gamma(missing, "pairwise")

# the same four items as numbers: EM by lavaan's unrestricted model
names4 <- paste0("q", 1:4)
free <- c(outer(names4, names4, paste, sep=" ~~ "))[lower.tri(diag(4), TRUE)]
fit <- lavaan(c(free, paste(names4, "~ 1")), missing, missing="fiml", em.h1.tol=1e-14, em.h1.iter.max=20000)
out$em <- list(mean=as.numeric(lavInspect(fit, "sampstat")$mean), cov=values(lavInspect(fit, "sampstat")$cov), loglik=as.numeric(logLik(fit)))

# numeric beside ordinal columns
set.seed(5); mixed <- data.frame(u=items$q1 + items$q2 + rnorm(400), v=exp(.3*items$q5 + rnorm(400)/2), items[, c("q1", "q2", "q5")])
write.csv(mixed, "mixed.csv", row.names=FALSE)
out$mixed <- list(lavaan=suppressWarnings(values(lavCor(mixed, ordered=c("q1", "q2", "q5"), cor.smooth=FALSE))))

# a matrix that is not positive definite
bad <- matrix(c(1, .9, .1, .9, 1, .9, .1, .9, 1), 3)
out$smoothing <- list(matrix=bad, psych=suppressWarnings(cor.smooth(bad)), nearest=as.matrix(Matrix::nearPD(bad, corr=TRUE, conv.tol=1e-13, eig.tol=1e-9, posd.tol=1e-12, maxit=5000, do2eigen=FALSE)$mat))

H <- as.matrix(read.csv("harman74_correlation.csv", row.names=1))
v <- vss(H, 8, n.obs=145, plot=FALSE, rotate="varimax", fm="minres")
out$vss <- list(one=v$cfit.1, two=v$cfit.2, bic=v$vss.stats$BIC, sabic=v$vss.stats$SABIC, chi2=v$vss.stats$chisq)
set.seed(42); pa <- fa.parallel(H, n.obs=145, n.iter=2000, fm="minres", plot=FALSE, quant=.95)
out$parallel <- list(sets=2000, components_mean=as.numeric(pa$pc.sim), factors_observed=pa$fa.values, factors_mean=as.numeric(pa$fa.sim), n_components=pa$ncomp, n_factors=pa$nfact)
write_json(out, "correlation.json", digits=13, auto_unbox=TRUE, matrix="rowmajor")
