# Every extraction under every rotation, for Harman's 24 tests (4 factors); run in this folder: Rscript make_extraction_rotation.R
# (Debian: r-cran-psych r-cran-gparotation r-cran-jsonlite). Extractions by psych run to a tight stop; rotations by GPArotation
# (eps 1e-8, best of five starts), Kaiser-normalised as named; promax, and what psych itself gives by default, by psych.
suppressMessages({library(psych); library(GPArotation); library(jsonlite)})
R <- as.matrix(read.csv("harman74_correlation.csv", row.names=1)); n <- 145; k <- 4; p <- ncol(R)
plain <- function(f) unname(unclass(f$loadings))
extraction <- list(
  principal = plain(principal(R, k, rotate="none")),
  paf = plain(fa(R, k, n.obs=n, rotate="none", fm="pa", min.err=1e-12, max.iter=20000)),
  ml = plain(fa(R, k, n.obs=n, rotate="none", fm="ml", max.iter=1000)))
best <- function(f, A) {
  runs <- c(list(f(A, diag(k))), lapply(1:4, function(i) f(A, qr.Q(qr(matrix(rnorm(k*k), k))))))
  runs[[which.min(sapply(runs, function(r) tail(r$Table[, 2], 1)))]]
}
tight <- function(gp, ...) function(A, T) suppressWarnings(gp(A, Tmat=T, eps=1e-8, maxit=5000, ...))
rotation <- list(
  varimax = tight(GPForth, method="varimax", normalize=TRUE), quartimax = tight(GPForth, method="quartimax", normalize=TRUE),
  equamax = tight(GPForth, method="cf", normalize=TRUE, methodArgs=list(kappa=k/(2*p))), oblimin = tight(GPFoblq, method="quartimin"),
  geomin = tight(GPFoblq, method="geomin", methodArgs=list(delta=0.01)), bentler = tight(GPFoblq, method="bentler"))
pack <- function(r) list(loadings=unname(unclass(r$loadings)), phi=if (is.null(r$Phi)) NULL else unname(r$Phi))
set.seed(1); out <- list(psych=as.character(packageVersion("psych")), GPArotation=as.character(packageVersion("GPArotation")))
out$tight <- lapply(extraction, function(A) c(list(none=list(loadings=unname(A))), lapply(rotation, function(f) pack(best(f, A)))))
out$psych_default <- list()
for (r in c("varimax", "quartimax", "equamax", "promax", "oblimin")) out$psych_default[[r]] <- pack(fa(R, k, n.obs=n, rotate=r, fm="minres", max.iter=1000))
out$psych_paf_default <- pack(fa(R, k, n.obs=n, rotate="varimax", fm="pa"))
write_json(out, "extraction_rotation.json", digits=9, auto_unbox=TRUE, null="null", na="null")
