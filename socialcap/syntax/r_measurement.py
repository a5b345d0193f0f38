"""The measurement of a study in R: reliability, adequacy, factors, scores, composite, confirmatory model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from socialcap.plan import FactorsPart, StudyPlan
from socialcap.results import FactorResult, MeasurementResult, ReliabilityResult
from socialcap.results.confirmatory import ConfirmatoryResult
from socialcap.syntax.design import number
from socialcap.syntax.numbers import CFA_FIT
from socialcap.syntax.r_text import column, comment, floats, quoted, texts

_EXTRACTIONS = {
    "principal": 'psych::principal(correlations, nfactors = {k}, rotate = "none")$loadings',
    "paf": 'psych::fa(correlations, nfactors = {k}, rotate = "none", fm = "pa", SMC = TRUE, '
    "max.iter = 10000, min.err = 1e-10)$loadings",
    "minres": 'psych::fa(correlations, nfactors = {k}, rotate = "none", fm = "minres")$loadings',
    "uls": 'psych::fa(correlations, nfactors = {k}, rotate = "none", fm = "uls")$loadings',
    "ml": 'factanal(covmat = correlations, factors = {k}, rotation = "none", '
    "control = list(opt = list(factr = 1)))$loadings",
}
_ESTIMATORS = {
    "ml": 'estimator = "ML"',
    "mlr": 'estimator = "MLR"',
    "fiml": 'estimator = "ML", missing = "fiml"',
    "uls": 'estimator = "ULSMV"',
    "wlsmv": 'estimator = "WLSMV", ordered = TRUE',
}


def measurement_steps(found: MeasurementResult, plan: StudyPlan) -> Iterator[str]:
    """The lines of each step."""
    for scale in found.reliability:
        yield from _reliability(scale)
    assert plan.factors is not None
    factors = found.factors
    yield from _correlations(factors)
    yield from _adequacy(found)
    if factors.extraction not in _EXTRACTIONS or factors.scoring == "means":
        yield comment(
            f"NOT DONE HERE: factors by {factors.extraction} with {factors.scoring} scores, which psych does not "
            "make."
        )
    else:
        yield from _factors(factors, plan.factors)
        yield from _scores(found)
    if found.confirmatory is not None:
        yield from _confirmatory(found.confirmatory)


def _reliability(scale: ReliabilityResult) -> Iterator[str]:
    items = texts(map(str, scale.items.index))
    yield f"\n## Reliability: {scale.name}"
    yield f"answers <- na.omit(cleaned[, {items}])"
    yield "found <- suppressMessages(suppressWarnings("
    yield "  psych::alpha(answers, check.keys = FALSE, warnings = FALSE)"
    yield "))$total"
    yield f"record({quoted(f'alpha.{scale.name}')}, found$raw_alpha)"
    yield f"record({quoted(f'standardised_alpha.{scale.name}')}, found$std.alpha)"
    if scale.omega is None:
        yield comment(
            f"NOT DONE HERE: omega of {scale.name}, which has none (one factor does not fit its items)."
        )
        return
    yield comment("Omega total: one factor by maximum likelihood, over the variance that the model implies.")
    yield 'one <- lavaan::cfa(paste("f =~", paste(names(answers), collapse = " + ")), answers, std.lv = TRUE)'
    yield 'estimates <- lavaan::lavInspect(one, "est")'
    yield "common <- sum(estimates$lambda)^2"
    yield f"record({quoted(f'omega.{scale.name}')}, common / (common + sum(diag(estimates$theta))))"


def _correlations(factors: FactorResult) -> Iterator[str]:
    corr = factors.correlation
    yield "\n## Correlations of the items"
    yield f"items <- as.matrix(cleaned[, {texts(factors.loadings.index)}])"
    if (
        corr.kind in ("pearson", "spearman")
        and corr.missing in ("listwise", "pairwise")
        and not corr.smoothed
    ):
        use = "complete.obs" if corr.missing == "listwise" else "pairwise.complete.obs"
        yield f'correlations <- cor(items, use = "{use}", method = "{corr.kind}")'
    else:
        yield comment(
            f"NOT DONE HERE: {corr.kind} correlations with missing values by {corr.missing}; they are taken over "
            "from socialcap as they stand, and all that follows rests on them."
        )
        yield f"correlations <- matrix({floats(corr.matrix.to_numpy().ravel())}, ncol(items))"
        yield "dimnames(correlations) <- list(colnames(items), colnames(items))"
    if corr.kind == "pearson" and corr.missing == "listwise":
        yield "complete <- items[complete.cases(items), ]"
        yield "center <- colMeans(complete)"
        yield "spread <- apply(complete, 2, sd)"
    elif corr.center is not None and corr.spread is not None:
        yield f"center <- {floats(corr.center)}"
        yield f"spread <- {floats(corr.spread)}"


def _adequacy(found: MeasurementResult) -> Iterator[str]:
    yield "\n## Adequacy and eigenvalues"
    yield 'record("kmo", psych::KMO(correlations)$MSA)'
    n = found.adequacy.n_obs
    yield f'record("bartlett_chi2", psych::cortest.bartlett(correlations, n = {n})$chisq)'
    yield "eigenvalues <- eigen(correlations, symmetric = TRUE, only.values = TRUE)$values"
    yield 'for (i in seq_along(eigenvalues)) record(paste0("eigenvalue.", i), eigenvalues[i])'


def _factors(factors: FactorResult, part: FactorsPart) -> Iterator[str]:
    k, rotation = len(factors.names), factors.rotation
    yield f"\n## Factor analysis: {factors.extraction}, {k} factors, rotation {rotation}"
    yield f"names <- {texts(factors.names)}"
    yield f"unrotated <- unclass({_EXTRACTIONS[factors.extraction].format(k=k)})"
    yield f"unrotated <- matrix(unrotated, ncol = {k}, dimnames = list(colnames(items), NULL))"
    yield f"rotated <- {_rotation(factors, part)}"
    phi = f"if (is.null(rotated$Phi)) diag({k}) else rotated$Phi"
    yield f"solution <- arranged(unclass(rotated$loadings), {phi}, names)"
    yield "loadings <- solution$loadings"
    yield "phi <- solution$phi"
    yield "communalities <- diag(loadings %*% phi %*% t(loadings))"
    yield "print(round(loadings, 3))"
    yield "for (item in rownames(loadings)) {"
    yield '  record(paste0("communality.", item), communalities[item])'
    yield '  for (name in names) record(paste("loading", item, name, sep = "."), loadings[item, name])'
    yield "}"
    yield "for (j in seq_along(names)) {"
    yield '  record(paste0("ss_loadings.", names[j]), solution$variance[j])'
    yield '  for (i in seq_len(j - 1)) record(paste("phi", names[i], names[j], sep = "."), phi[i, j])'
    yield "}"


def _rotation(factors: FactorResult, part: FactorsPart) -> str:
    p, k = factors.loadings.shape
    kaiser = "TRUE" if factors.kaiser else "FALSE"
    settings = f"normalize = {kaiser}, eps = 1e-9, maxit = 10000"
    if factors.rotation == "none" or k == 1:
        return "list(loadings = unrotated)"
    if factors.rotation == "promax" and part.preset == "psych" and factors.kaiser:
        # psych's "promax" rotates the normalised rows throughout
        lengths = "sqrt(rowSums(unrotated^2))"
        return (
            f"within(promax_rotation(unrotated / {lengths}, {number(part.power)}, TRUE, FALSE), "
            f"loadings <- loadings * {lengths})"
        )
    return {
        "varimax": f"varimax(unrotated, normalize = {kaiser}, eps = 1e-15)",
        "quartimax": f"GPArotation::quartimax(unrotated, {settings})",
        "equamax": f"GPArotation::cfT(unrotated, kappa = {k} / {2 * p}, {settings})",
        "promax": f"promax_rotation(unrotated, {number(part.power)}, {kaiser}, TRUE)",
        "oblimin": f"GPArotation::oblimin(unrotated, gam = {number(part.gamma)}, {settings})",
        "geomin": f"GPArotation::geominQ(unrotated, delta = {number(part.epsilon)}, {settings})",
        "bentler": f"GPArotation::bentlerQ(unrotated, {settings})",
    }[factors.rotation]


def _scores(found: MeasurementResult) -> Iterator[str]:
    factors, index = found.factors, found.composite
    yield f"\n## Factor scores ({factors.scoring}) and the composite, made again and held against the data's"
    yield "standardised <- scale(items, center = center, scale = spread)"
    rule = {
        "regression": "solve(correlations, loadings %*% phi)",
        "bartlett": "scaled %*% solve(crossprod(loadings, scaled))",
        "anderson_rubin": "scaled %*% matrix_power(t(scaled) %*% correlations %*% scaled, -0.5)",
        "ten_berge": "{ g <- loadings %*% matrix_power(phi, 0.5); w <- solve(correlations, g); "
        "w %*% matrix_power(crossprod(g, w), -0.5) %*% matrix_power(phi, 0.5) }",
    }[factors.scoring]
    if "scaled" in rule:
        yield "scaled <- loadings / (1 - communalities)"
    yield f"weights <- {rule}"
    yield "scores <- standardised %*% weights"
    yield "colnames(scores) <- names"
    yield "for (name in names) record("
    yield '  paste0("score_difference.", name), max(abs(scores[, name] - cleaned[[name]]), na.rm = TRUE)'
    yield ")"
    if index.basis == "rotated":
        yield "shares <- solution$variance / sum(solution$variance)"
    else:
        yield "initial <- sort(colSums(unrotated^2), decreasing = TRUE)"
        yield "shares <- setNames(initial / sum(initial), names)"
    yield 'for (name in names) record(paste0("weight.", name), shares[name])'
    yield "composite <- scores %*% shares"
    yield "record("
    yield f'  "score_difference.composite", max(abs(composite - {column(index.name)}), na.rm = TRUE)'
    yield ")"


def _confirmatory(model: ConfirmatoryResult) -> Iterator[str]:
    yield f"\n## Confirmatory factor analysis ({model.estimator}, {model.missing})"
    if model.grouped or (model.estimator in ("uls", "wlsmv") and model.missing != "listwise"):
        yield comment("NOT DONE HERE: this confirmatory model, which lavaan estimates otherwise.")
        return
    lines = [f"{factor} =~ {' + '.join(members)}" for factor, members in model.factors.items()]
    yield "model <- " + quoted("\n".join(lines)).replace("\\n", "\n  ")
    unit = "TRUE" if model.identification == "unit_variance" else "FALSE"
    settings = _ESTIMATORS[model.estimator]
    if model.missing == "fiml" and "missing" not in settings:
        settings += ', missing = "fiml"'
    items = dict.fromkeys(item for members in model.factors.values() for item in members)
    yield comment(
        "The scores are columns of the data under the factors' names, so that lavaan gets items alone."
    )
    yield f"answers <- cleaned[, {texts(items)}]"
    yield f"confirmatory <- lavaan::cfa(model, answers, std.lv = {unit}, {settings})"
    yield "print(lavaan::summary(confirmatory, fit.measures = TRUE, standardized = TRUE))"
    names = {ours: theirs for ours, theirs in CFA_FIT.items() if ours in model.fit}
    finite = {ours: theirs for ours, theirs in names.items() if np.isfinite(model.fit[ours])}
    yield f"measures <- lavaan::fitMeasures(confirmatory, {texts(finite.values())})"
    for ours, theirs in finite.items():
        yield f"record({quoted(f'cfa.{ours}')}, measures[{quoted(theirs)}])"
    yield "standardised <- lavaan::standardizedSolution(confirmatory)"
    yield 'standardised <- standardised[standardised$op == "=~", ]'
    yield "for (i in seq_len(nrow(standardised))) record("
    yield '  paste("cfa", standardised$lhs[i], standardised$rhs[i], sep = "."), standardised$est.std[i]'
    yield ")"
