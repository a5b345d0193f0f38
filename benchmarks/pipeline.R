# The pipeline bootstrap as one would write it in R: rows drawn, psych's factors, columns matched, a regression.
#
# Run by pipeline.py: Rscript pipeline.R FOLDER METHOD REPLICATES, METHOD being principal, pa or poly. FOLDER holds
# items.csv, covariates.csv and outcome.csv. Prints the processor time of the replicates in seconds, without the start
# of R.
suppressMessages(library(psych))
options(mc.cores = 1)
given <- commandArgs(trailingOnly = TRUE)
method <- given[2]
replicates <- as.integer(given[3])
items <- read.csv(file.path(given[1], "items.csv"))
covariates <- as.matrix(read.csv(file.path(given[1], "covariates.csv")))
y <- read.csv(file.path(given[1], "outcome.csv"))[[1]]
k <- 4

measured <- function(x) {
  fit <- switch(method,
    principal = principal(x, nfactors = k, rotate = "varimax"),
    pa = fa(x, nfactors = k, rotate = "varimax", fm = "pa"),
    poly = fa(x, nfactors = k, rotate = "varimax", fm = "pa", cor = "poly", correct = 0)
  )
  list(loadings = unclass(fit$loadings), scores = fit$scores)
}

# columns in the order and with the signs of the reference: the largest congruences first
matched <- function(found, reference) {
  agreement <- factor.congruence(found$loadings, reference, digits = 10)
  order <- integer(k)
  left <- abs(agreement)
  for (step in seq_len(k)) {
    at <- which(left == max(left), arr.ind = TRUE)[1, ]
    order[at[2]] <- at[1]
    left[at[1], ] <- -1
    left[, at[2]] <- -1
  }
  signs <- sign(agreement[cbind(order, seq_len(k))])
  sweep(found$scores[, order], 2, signs, "*")
}

coefficients <- function(scores, rows) {
  if (method == "poly") {
    coef(MASS::polr(factor(y[rows]) ~ scores + covariates[rows, ]))
  } else {
    coef(lm(y[rows] ~ scores + covariates[rows, ]))
  }
}

set.seed(1)
reference <- measured(items)$loadings
begun <- proc.time()
for (b in seq_len(replicates)) {
  rows <- sample(nrow(items), replace = TRUE)
  drawn <- suppressWarnings(coefficients(matched(measured(items[rows, ]), reference), rows))
}
cat(sum((proc.time() - begun)[1:2]), "\n")
