# Predictive mean matching by R's mice, as a second source for socialcap.kernels.imputation.
# Usage: Rscript pmm_mice.R likert_missing.csv > pmm_mice.json
suppressMessages({library(mice); library(jsonlite)})
data <- read.csv(commandArgs(TRUE)[1])
m <- 400
imputed <- mice(data, m = m, maxit = 10, method = "pmm", donors = 5, printFlag = FALSE, seed = 1)
copies <- lapply(seq_len(m), function(k) as.matrix(complete(imputed, k)))
means <- sapply(copies, colMeans)
variances <- sapply(copies, function(x) apply(x, 2, var))
pairs <- sapply(copies, function(x) { r <- cor(x); r[upper.tri(r)] })
# One incomplete variable: y = 2 + z + e, missing with probability logit(1.5 z - .5), 300 rows, 20 copies.
set.seed(1)
replicates <- 1000; n <- 300
bias <- se <- numeric(replicates)
for (r in seq_len(replicates)) {
  z <- rnorm(n); y <- 2 + z + rnorm(n); gone <- runif(n) < plogis(1.5 * z - .5)
  filled <- mice(data.frame(y = ifelse(gone, NA, y), z = z), m = 20, maxit = 1, method = "pmm", printFlag = FALSE)
  copy <- sapply(1:20, function(k) complete(filled, k)$y)
  bias[r] <- mean(copy) - mean(y)
  se[r] <- sqrt(mean(apply(copy, 2, var)) / n + (1 + 1 / 20) * var(colMeans(copy)))
}
cat(toJSON(list(
  mice = as.character(packageVersion("mice")), m = m,
  mean = rowMeans(means), mean_between = apply(means, 1, var),
  variance = rowMeans(variances), variance_between = apply(variances, 1, var),
  correlation = rowMeans(pairs), correlation_between = apply(pairs, 1, var),
  replicates = replicates, bias = mean(bias), bias_sd = sd(bias), se = mean(se), se_sd = sd(se)
), digits = 10, auto_unbox = TRUE, pretty = TRUE))
