# Reference rotations with tight tolerance; run in this folder: Rscript make_rotations.R
# (Debian: r-cran-psych r-cran-gparotation r-cran-jsonlite). Correlation matrices: Harman74.cor of R's datasets
# (24 tests, 4 factors) and ability.cov (6 tests, 2 factors). All rotations start from the recorded unrotated loadings.
suppressMessages({library(psych); library(GPArotation); library(jsonlite)})
unrotated <- function(R, k, n) unclass(fa(R, k, n.obs=n, rotate="none", fm="pa", min.err=1e-12, max.iter=20000)$loadings)
pack <- function(r) list(loadings=unname(unclass(r$loadings)), phi=if (is.null(r$Phi)) NULL else unname(r$Phi))
# the least criterion value over the identity and random starts
best <- function(f, A, starts=4) {
  k <- ncol(A); runs <- c(list(f(A, diag(k))), lapply(seq_len(starts), function(i) f(A, qr.Q(qr(matrix(rnorm(k*k), k))))))
  value <- sapply(runs, function(r) tail(r$Table[, 2], 1)); runs[[which.min(value)]]
}
tight <- function(gp, ...) function(A, T) suppressWarnings(gp(A, Tmat=T, eps=1e-8, maxit=3000, ...))
all_of <- function(A) {
  set.seed(1); p <- nrow(A); k <- ncol(A)
  o <- list(unrotated=unname(A))
  o$varimax <- pack(best(tight(GPForth, method="varimax"), A))
  o$varimax_kaiser <- pack(best(tight(GPForth, method="varimax", normalize=TRUE), A))
  o$quartimax <- pack(best(tight(GPForth, method="quartimax"), A))
  o$equamax <- pack(best(tight(GPForth, method="cf", methodArgs=list(kappa=k/(2*p))), A))
  o$quartimin <- pack(best(tight(GPFoblq, method="quartimin"), A))
  o$oblimin_kaiser <- pack(best(tight(GPFoblq, method="oblimin", normalize=TRUE, methodArgs=list(gam=0)), A))
  o$oblimin_minus_half <- pack(best(tight(GPFoblq, method="oblimin", methodArgs=list(gam=-0.5)), A))
  o$geomin <- pack(best(tight(GPFoblq, method="geomin", methodArgs=list(delta=0.01)), A))
  o$geomin_orthogonal <- pack(best(tight(GPForth, method="geomin", methodArgs=list(delta=0.01)), A))
  o$bentler <- pack(best(tight(GPFoblq, method="bentler"), A))
  goal <- unclass(o$varimax$loadings); goal[abs(goal) > .35] <- NA; goal[!is.na(goal)] <- 0
  W <- (!is.na(goal)) * 1; zero <- goal; zero[is.na(zero)] <- 0
  o$target_zeros <- unname(W)
  o$target <- pack(best(tight(GPFoblq, method="pst", methodArgs=list(W=W, Target=zero)), A))
  # promax exactly as R's stats does it, from the tight varimax (Kaiser-normalised), power 4
  x <- o$varimax_kaiser$loadings; pm <- stats::promax(x, m=4); U <- pm$rotmat
  o$promax_plain <- list(loadings=unname(unclass(pm$loadings)), phi=unname(solve(t(U) %*% U)))
  o
}
write_json(list(psych=as.character(packageVersion("psych")), GPArotation=as.character(packageVersion("GPArotation")),
  harman74=all_of(unrotated(Harman74.cor$cov, 4, 145)), ability=all_of(unrotated(cov2cor(ability.cov$cov), 2, 112))),
  "rotations.json", digits=12, auto_unbox=TRUE, null="null", na="null")
