# Reference reliability coefficients and oblique factor scores; run in this folder: Rscript make_reliability.R
# (Debian: r-cran-psych r-cran-gparotation r-cran-jsonlite). Matrices: ability.cov and Harman74.cor of R's datasets;
# likert.csv beside this script.
suppressMessages({library(psych); library(GPArotation); library(jsonlite)})
y <- read.csv("likert.csv"); a <- y[, 1:4]
al <- psych::alpha(a)
ci <- psych::alpha.ci(al$total$raw_alpha, n.obs=nrow(a), n.var=4, p.val=.05, digits=10)
g <- suppressWarnings(guttman(cov(a)))
sh <- splitHalf(a, raw=TRUE)
likert <- list(alpha=al$total$raw_alpha, std_alpha=al$total$std.alpha, feldt=c(ci$lower.ci, ci$upper.ci),
  r_drop=al$item.stats$r.drop, alpha_if_dropped=al$alpha.drop$raw_alpha,
  lambda1=g$lambda.1, lambda2=g$lambda.2, lambda3=g$lambda.3, lambda4=g$lambda.4, lambda5=g$lambda.5, lambda6=g$lambda.6,
  split_max=sh$maxrb, split_min=sh$minrb, split_mean=sh$meanr, splits=length(sh$raw))
A <- cov2cor(ability.cov$cov); H <- Harman74.cor$cov
f1 <- fa(A, 1, n.obs=112, fm="ml", rotate="none")
o <- suppressWarnings(psych::omega(H, nfactors=4, n.obs=145, fm="minres", rotate="oblimin", plot=FALSE, flip=FALSE))
ob <- fa(H, 4, n.obs=145, fm="pa", rotate="oblimin", min.err=1e-12, max.iter=20000)
L <- unclass(ob$loadings); Phi <- ob$Phi
sc <- lapply(c(regression="Thurstone", bartlett="Bartlett", anderson="Anderson", tenberge="tenBerge"),
             function(m) unname(factor.scores(H, ob, Phi=Phi, method=m)$weights))
write_json(list(psych=as.character(packageVersion("psych")), likert_a=likert,
  ability_one_factor_loadings=as.numeric(f1$loadings),
  omega_harman74=list(omega_h=o$omega_h, omega_total=o$omega.tot, alpha=o$alpha, lambda6=o$G6, sl=unname(unclass(o$schmid$sl)), columns=colnames(o$schmid$sl),
                      gloading=as.numeric(o$schmid$gloading), oblique=unname(unclass(o$schmid$oblique)), phi=unname(o$schmid$phi)),
  paf_default_harman74=as.numeric(suppressWarnings(fa(H, 4, n.obs=145, fm="pa", rotate="none", min.err=.001, max.iter=50)$communality)),
  oblique_scores=list(loadings=unname(L), phi=unname(Phi), weights=sc, r2=as.numeric(factor.scores(H, ob, Phi=Phi, method="Thurstone")$R2))),
  "reliability.json", digits=12, auto_unbox=TRUE, null="null", na="null")
