"""How the models were estimated and tested, as the results record it."""

from __future__ import annotations

from collections.abc import Iterator

from socialcap.report.blocks import Sentence
from socialcap.report.citations import Citations
from socialcap.report.contents.phrases import counted, listing, number, quoted, say
from socialcap.results import PipelineResult, RegressionResult, StudyResult, Text

_MODELS: dict[str, tuple[str, ...]] = {
    "ordered_logit": ("mccullagh1980",),
    "ordered_probit": ("mccullagh1980",),
    "multinomial": ("mcfadden1974",),
    "firth": ("firth1993",),
    "fractional": ("papke1996",),
    "tobit": ("tobin1958",),
    "heckman": ("heckman1979",),
    "mixed": ("laird1982",),
}
_COVARIANCES: dict[str, tuple[str, ...]] = {
    "HC0": ("white1980",),
    "HC1": ("mackinnon1985",),
    "HC2": ("mackinnon1985",),
    "HC3": ("mackinnon1985",),
    "HC4": ("cribari2004",),
    "CR0": ("liang1986",),
    "CR1": ("liang1986",),
    "CR2": ("bell2002",),
    "CR3": ("bell2002",),
    "two_way": ("cameron2011",),
    "wild": ("cameron2008",),
}
_LIKELIHOOD_COVARIANCES = {
    **_COVARIANCES,
    "CR2": ("pustejovsky2018",),
    "CR3": ("mackinnon2024",),
    "wild": ("kline2012",),
}
_TESTS: dict[str, tuple[str, ...]] = {
    "breusch_pagan": ("breusch1979", "koenker1981"),
    "white": ("white1980",),
    "jarque_bera": ("jarque1987",),
    "link": ("pregibon1980",),
    "hosmer_lemeshow": ("hosmer1980",),
    "brant": ("brant1990",),
}


def model_methods(result: StudyResult, cite: Citations) -> Iterator[Sentence]:
    """Estimators, covariances, tests of assumptions, blocks, moderation, mediation."""
    for model in result.regressions:
        yield from _regression(model, cite)
    yield from _further_outputs(result, cite)
    yield from _tests(result, cite)
    if result.hierarchical:
        yield from say(
            Text(
                "Blocks of regressors were added one after another to one sample, each judged by what it adds.",
                "在同一样本上逐层加入自变量，以新增解释力判断各层。",
            ),
            result.hierarchical[0].tables()[0].key,
        )
    for moderated in result.moderations:
        yield from say(
            Text(
                "Moderation was estimated by the product of the variables{centred}, with simple slopes{regions}.",
                "调节效应以变量乘积项{centred}估计，并报告简单斜率{regions}。",
            ),
            next(t.key for t in moderated.tables() if t.key.startswith("simple_slopes")),
            centred=Text(", less their means", "（中心化后）") if moderated.center == "mean" else Text(),
            regions=Text()
            if moderated.two_valued
            else Text(
                " and the regions where the slope differs from zero{cited}", "及斜率显著异于零的区间{cited}"
            ).format(cited=cite("johnson1936")),
        )
    for mediated in result.mediations:
        yield from say(
            Text(
                "Mediation: indirect effects are products of least-squares coefficients with {interval} "
                "intervals from {n}{cited}.",
                "中介效应：间接效应为最小二乘系数之积，区间由 {n}按{interval}得到{cited}。",
            ),
            next(t.key for t in mediated.tables() if t.key.startswith("mediation_effects")),
            interval=Text("percentile", "百分位法")
            if mediated.interval == "percentile"
            else Text("bias-corrected and accelerated", "偏差校正加速法"),
            n=counted(mediated.replicates, "bootstrap resample", "bootstrap resamples", "次自助重抽样"),
            cited=cite(
                "preacher2008",
                *(("efron1987",) if mediated.interval == "bca" else ()),
                *(("hayes2015",) if len(mediated.index) else ()),
            ),
        )


def _regression(model: RegressionResult, cite: Citations) -> Iterator[Sentence]:
    works = _MODELS.get(model.model, ())
    errors = (_COVARIANCES if model.linear else _LIKELIHOOD_COVARIANCES).get(model.cov, ())
    yield from say(
        Text(
            "{label}: {estimator}{cited}; {errors} standard errors{by}, {reference}.",
            "{label}：{estimator}{cited}，{errors}标准误{by}，{reference}。",
        ),
        f"regression_{model.name}",
        label=model.label or Text(model.name, model.name),
        estimator=_lower(model.estimator),
        cited=cite(*works) if works else Text(),
        errors=_lower(model.covariance.label),
        by=cite(*errors) if errors else Text(),
        reference=model.covariance.reference,
    )


def _lower(words: Text) -> Text:
    """Without the capital at its head, unless the first word is an abbreviation or one letter."""
    first = words.en.split(" ")[0]
    keep = len(first) < 2 or not first[1:].islower() or first in _NAMES
    return words if keep else Text(words.en[:1].lower() + words.en[1:], words.zh)


_NAMES = ("Firth's", "Poisson", "Heckman", "Tobit", "Logit", "Probit", "Bernoulli")


def _further_outputs(result: StudyResult, cite: Citations) -> Iterator[Sentence]:
    if any("part_r" in model.coefficients for model in result.regressions):
        yield from say(
            Text("Effect sizes are Cohen's f²{cited}.", "效应量为 Cohen f²{cited}。"),
            next(f"effect_sizes_{m.name}" for m in result.regressions if "part_r" in m.coefficients),
            cited=cite("cohen1988"),
        )
    if result.margins:
        yield from say(
            Text(
                "Marginal effects have standard errors by the delta method.",
                "边际效应的标准误由 delta 法得到。",
            ),
            f"margins_{next(iter(result.margins))}",
        )


def _tests(result: StudyResult, cite: Citations) -> Iterator[Sentence]:
    keys = dict.fromkeys(str(key) for found in result.diagnostics.values() for key in found.tests.index)
    works = dict.fromkeys(
        work
        for key in keys
        for work in (("ramsey1969",) if key.startswith("reset_") else _TESTS.get(key, ()))
    )
    linear = [
        name for name, found in result.diagnostics.items() if "influence" in type(found).__dataclass_fields__
    ]
    if linear:
        works |= dict.fromkeys(("cook1977", "belsley1980"))
    if works:
        yield from say(
            Text(
                "The models' assumptions were tested by the tests listed under diagnostics{cited}.",
                "模型假定以诊断部分所列检验加以检验{cited}。",
            ),
            f"diagnostics_{next(iter(result.diagnostics))}",
            cited=cite(*works),
        )


def robustness_methods(result: StudyResult, cite: Citations) -> Iterator[Sentence]:
    """The pipeline's bootstrap, the specification curve, and how claims are judged."""
    if result.pipelines:
        yield from _pipeline(result, next(iter(result.pipelines.items())), cite)
    for found in result.specifications:
        yield from say(
            Text(
                "The specification curve of {term}{cited} takes {n}{drawn}; a factor counts as found again at a "
                "congruence of {congruence} or more{same}.",
                "{term}的设定曲线{cited}包括 {n}{drawn}；一致性系数达到 {congruence} 视为同一因子{same}。",
            ),
            found.tables()[0].key,
            term=quoted(found.term_label or Text(found.term, found.term)),
            cited=cite("simonsohn2020"),
            n=counted(len(found.curve) + len(found.refused), "specification", "specifications", "种设定"),
            drawn=Text(" drawn at random from {total}", "（由 {total} 种中随机抽取）").format(
                total=number(found.total, "d")
            )
            if found.total > found.limit
            else Text(),
            congruence=(found.congruence, ".2f"),
            same=cite("lorenzo2006"),
        )
    if result.claims is not None:
        yield from say(
            Text(
                "Each claim is stated as a test in the study file: it is supported where the hypothesis that it is "
                "wrong is rejected at {alpha}, for ranges and for “hardly matters” by two one-sided tests{cited}; "
                "p-values adjusted for the number of claims{holm} stand beside.",
                "每项研究假设均在研究文件中写成检验：在 {alpha} 水平上拒绝“该假设不成立”即为得到支持，"
                "区间假设与“几乎没有影响”采用双单侧检验{cited}；并列出按假设个数校正的 p 值{holm}。",
            ),
            "claim_evidence",
            alpha=(result.claims.alpha, ".0%"),
            cited=cite("schuirmann1987"),
            holm=cite("holm1979"),
        )


def _pipeline(result: StudyResult, first: tuple[str, PipelineResult], cite: Citations) -> Iterator[Sentence]:
    name, found = first
    works = ["efron1979", *(["efron1987"] if found.interval == "bca" else [])]
    parts = [
        Text("correlations", "相关矩阵"),
        Text("factors", "因子"),
        Text("rotation", "旋转"),
        Text("scores", "得分"),
        Text("regression", "回归"),
    ]
    yield from say(
        Text(
            "Regressions on factor scores were repeated in {n}{cited}, in each of which {parts} were computed "
            "anew; scores are also corrected for their error by Croon's method{croon}.",
            "因子得分回归在 {n}{cited}中重复进行，每次重新计算{parts}；并按 Croon 方法校正得分误差{croon}。",
        ),
        result.pipeline_tables(name)[0].key,
        n=counted(found.replicates, "bootstrap resample", "bootstrap resamples", "次自助重抽样"),
        cited=cite(*works),
        parts=listing(parts),
        croon=cite("croon2002"),
    )
    if found.imputations:
        yield from say(
            Text(
                "Missing values were imputed {m} times, and the results pooled{cited}.",
                "缺失值经 {m} 次多重插补，结果合并{cited}。",
            ),
            result.pipeline_tables(name)[0].key,
            m=(found.imputations, "d"),
            cited=cite("rubin1987", "barnard1999"),
        )
