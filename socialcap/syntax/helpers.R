# What the steps below share.
numbers <- list()

# A headline number: printed, and kept for numbers_R.csv.
record <- function(name, value) {
  value <- as.numeric(value)
  cat(sprintf("%-60s %.10g\n", name, value))
  numbers[[name]] <<- value
}

# Estimates and standard errors of a model under the names of its coefficients.
record_coefficients <- function(key, terms, estimates, covariance) {
  errors <- sqrt(diag(covariance))
  for (i in seq_along(terms)) {
    record(paste0(key, ".", terms[i], ".b"), estimates[i])
    record(paste0(key, ".", terms[i], ".se"), errors[i])
  }
}

# 1 at a level, 0 at the others, missing where the variable is.
dummy <- function(column, level) ifelse(is.na(column), NA, as.numeric(column == level))

# Sums of the rows of scores within clusters.
within_clusters <- function(scores, cluster) rowsum(scores, as.character(cluster))

# Symmetric power of a symmetric matrix; directions without length stay without.
matrix_power <- function(m, exponent, none = 1e-10) {
  e <- eigen((m + t(m)) / 2, symmetric = TRUE)
  values <- ifelse(e$values > none, e$values, 0)
  values[values > 0] <- values[values > 0]^exponent
  e$vectors %*% (values * t(e$vectors))
}

# CR2 (Bell and McCaffrey 2002) and CR3, residuals of each cluster multiplied by (I - H_gg)^(-1/2 or -1).
adjusted_clusters <- function(fit, cluster, exponent) {
  x <- model.matrix(fit)
  bread <- solve(crossprod(x))
  meat <- matrix(0, ncol(x), ncol(x))
  for (rows in split(seq_len(nrow(x)), as.character(cluster))) {
    own <- x[rows, , drop = FALSE]
    adjust <- matrix_power(diag(length(rows)) - own %*% bread %*% t(own), exponent)
    meat <- meat + tcrossprod(t(own) %*% adjust %*% residuals(fit)[rows])
  }
  bread %*% meat %*% bread
}

# Covariance of least squares: classical, White's family, or clustered.
least_squares_covariance <- function(fit, kind, clusters = NULL) {
  switch(kind,
    nonrobust = vcov(fit),
    CR0 = sandwich::vcovCL(fit, cluster = clusters[[1]], type = "HC0", cadjust = FALSE),
    CR1 = sandwich::vcovCL(fit, cluster = clusters[[1]], type = "HC1"),
    CR2 = adjusted_clusters(fit, clusters[[1]], -0.5),
    CR3 = adjusted_clusters(fit, clusters[[1]], -1),
    two_way = sandwich::vcovCL(fit, cluster = clusters, type = "HC1"),
    sandwich::vcovHC(fit, type = kind)
  )
}

# Covariance of maximum likelihood: inverse observed information, or the sandwich with the rows' scores (n, k).
likelihood_covariance <- function(scores, bread, kind, clusters = NULL) {
  n <- nrow(scores)
  clustered <- function(cluster, scaled) {
    sums <- within_clusters(scores, cluster)
    g <- nrow(sums)
    crossprod(sums) * (if (scaled) g / (g - 1) else 1)
  }
  meat <- switch(kind,
    nonrobust = NULL,
    HC0 = crossprod(scores),
    HC1 = crossprod(scores) * n / (n - ncol(scores)),
    CR0 = clustered(clusters[[1]], FALSE),
    CR1 = clustered(clusters[[1]], TRUE),
    two_way = clustered(clusters[[1]], TRUE) + clustered(clusters[[2]], TRUE) -
      clustered(interaction(clusters, drop = TRUE), TRUE)
  )
  if (is.null(meat)) bread else bread %*% meat %*% bread
}

# HC2 to HC4, CR2 and CR3 (Pustejovsky and Tipton 2018) of a logit, probit, fractional logit or Poisson
# regression, on the weighted regression that it is at its maximum.
working_covariance <- function(fit, kind, clusters = NULL) {
  # glm's own weights are those before its last step: it starts again from the estimate
  if (is.null(clusters)) return(sandwich::vcovHC(update(fit, start = coef(fit)), type = kind))
  v <- fit$family$variance(fit$fitted.values)
  x <- model.matrix(fit) * fit$family$mu.eta(fit$linear.predictors) / sqrt(v)
  e <- (fit$y - fit$fitted.values) / sqrt(v)
  bread <- solve(crossprod(x))
  meat <- matrix(0, ncol(x), ncol(x))
  for (rows in split(seq_len(nrow(x)), as.character(clusters[[1]]))) {
    own <- x[rows, , drop = FALSE]
    free <- diag(length(rows)) - own %*% bread %*% t(own)
    predicted <- if (kind == "CR3") matrix_power(free, -1) %*% e[rows] else {
      scaled <- free * outer(v[rows], v[rows])
      matrix_power(scaled, -0.5, 1e-10 * min(v[rows])^2) %*% (v[rows] * e[rows])
    }
    meat <- meat + tcrossprod(t(own) %*% predicted)
  }
  bread %*% meat %*% bread
}

# Scores and inverse observed information of a logit, probit, fractional logit or Poisson regression.
glm_pieces <- function(fit) {
  x <- model.matrix(fit)
  y <- fit$y
  eta <- fit$linear.predictors
  if (fit$family$link == "probit") {
    sign <- 2 * y - 1
    first <- sign * exp(dnorm(eta, log = TRUE) - pnorm(sign * eta, log.p = TRUE))
    second <- first * (first + eta)
  } else {
    first <- y - fit$fitted.values
    second <- if (fit$family$link == "logit") fit$fitted.values * (1 - fit$fitted.values) else fit$fitted.values
  }
  list(scores = x * first, bread = solve(crossprod(x, x * second)))
}

# Factors in falling order of the variance they explain, signed so that loadings sum positive.
arranged <- function(loadings, phi, names) {
  variance <- diag(phi %*% crossprod(loadings))
  order <- order(variance, decreasing = TRUE)
  sign <- ifelse(colSums(loadings) < 0, -1, 1)[order]
  loadings <- sweep(loadings[, order, drop = FALSE], 2, sign, "*")
  phi <- phi[order, order, drop = FALSE] * outer(sign, sign)
  dimnames(phi) <- list(names, names)
  colnames(loadings) <- names
  list(loadings = loadings, phi = phi, variance = setNames(variance[order], names))
}

# Promax (Hendrickson and White 1964) from varimax loadings; the target's rows have unit length where asked.
promax_rotation <- function(loadings, power, kaiser, normalised_target) {
  v <- unclass(varimax(loadings, normalize = kaiser, eps = 1e-15)$loadings)
  base <- if (normalised_target) v / sqrt(rowSums(v^2)) else v
  u <- solve(crossprod(v), crossprod(v, sign(base) * abs(base)^power))
  u <- u %*% diag(sqrt(diag(solve(crossprod(u)))), ncol(u))
  list(loadings = v %*% u, Phi = solve(crossprod(u)))
}
