# Reference values from R for the likelihood models and diagnostics; run: Rscript make_regression.R
# (Debian: r-recommended r-cran-lmtest r-cran-tseries r-cran-aer r-cran-proc r-cran-jsonlite)
suppressMessages({library(MASS); library(nnet); library(survival); library(lmtest); library(tseries); library(pROC); library(jsonlite)})
fit <- function(m) list(coef=unname(coef(m)), se=unname(sqrt(diag(vcov(m)))), loglik=as.numeric(logLik(m)))
o <- list(R=as.character(getRversion()))

b <- birthwt
logit <- glm(low ~ age + lwt + smoke + ht, binomial, b, control=glm.control(epsilon=1e-14))
o$birthwt_logit <- fit(logit)
o$birthwt_probit_expected <- fit(glm(low ~ age + lwt + smoke + ht, binomial("probit"), b, control=glm.control(epsilon=1e-14, maxit=100)))
r <- roc(b$low, fitted(logit), quiet=TRUE, direction="<")
o$birthwt_auc <- list(auc=as.numeric(auc(r)), se=sqrt(var(r, method="delong")))
g <- cut(fitted(logit), quantile(fitted(logit), seq(0, 1, .1)), include.lowest=TRUE)
n <- tapply(b$low, g, length); O <- tapply(b$low, g, sum); E <- tapply(fitted(logit), g, sum)
o$birthwt_hosmer_lemeshow <- sum((O-E)^2/(E*(1-E/n)))

for (method in c("logistic", "probit")) {
  m <- polr(Sat ~ Infl + Type + Cont, housing, weights=Freq, method=method, Hess=TRUE, control=list(reltol=1e-16, maxit=1000))
  s <- summary(m)$coefficients
  o[[paste0("housing_polr_", method)]] <- list(coef=unname(s[,1]), se=unname(s[,2]), loglik=as.numeric(logLik(m)))
}

data(Affairs, package="AER")
for (upper in c(Inf, 4)) {
  a <- Affairs; y <- pmin(a$affairs, upper)
  lower <- ifelse(y <= 0, NA, y); high <- ifelse(y >= upper, NA, y); high[y <= 0] <- 0
  m <- survreg(Surv(lower, high, type="interval2") ~ age + yearsmarried + religiousness + occupation + rating, a, dist="gaussian", control=survreg.control(rel.tolerance=1e-14, maxiter=200))
  o[[if (is.finite(upper)) "affairs_tobit_0_4" else "affairs_tobit_0"]] <- list(coef=unname(coef(m)), sigma=m$scale, se=unname(sqrt(diag(vcov(m)))), loglik=m$loglik[2])
}

q <- glm(Days ~ Eth + Sex + Age + Lrn, poisson, quine, control=glm.control(epsilon=1e-14))
o$quine_poisson <- c(fit(q), pearson=sum(residuals(q, "pearson")^2))

m <- multinom(Sat ~ Infl + Cont, housing, weights=Freq, trace=FALSE, reltol=1e-15, abstol=1e-15, maxit=2000, Hess=TRUE)
o$housing_multinom <- list(coef=unname(coef(m)), se=unname(summary(m)$standard.errors), loglik=as.numeric(logLik(m)))

l <- lm(mpg ~ wt + hp + qsec, mtcars)
o$mtcars <- list(breusch_pagan=unname(bptest(l)$statistic), breusch_pagan_p=unname(bptest(l)$p.value),
  white=unname(bptest(l, ~ (wt + hp + qsec)^2 + I(wt^2) + I(hp^2) + I(qsec^2), data=mtcars)$statistic),
  reset_2_3=unname(resettest(l, 2:3)$statistic), reset_2_4=unname(resettest(l, 2:4)$statistic), reset_2_4_p=unname(resettest(l, 2:4)$p.value),
  jarque_bera=unname(jarque.bera.test(residuals(l))$statistic), durbin_watson=unname(dwtest(l)$statistic),
  cooks=unname(cooks.distance(l)), dfbetas=unname(dfbetas(l)), dffits=unname(dffits(l)), rstudent=unname(rstudent(l)), hat=unname(hatvalues(l)))
write_json(o, "regression.json", digits=12, auto_unbox=TRUE, matrix="rowmajor")
