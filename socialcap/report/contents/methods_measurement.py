"""How social capital was measured, as the results record it."""

from __future__ import annotations

from collections.abc import Iterator

from socialcap.report.blocks import Sentence
from socialcap.report.citations import Citations
from socialcap.report.contents.measurement import mixed_units
from socialcap.report.contents.phrases import counted, listing, say
from socialcap.results import (
    FactorResult,
    MeasurementResult,
    MethodBiasResult,
    Rule,
    StudyResult,
    Text,
    ValidityResult,
)

_CORRELATIONS = {
    "pearson": Text("Pearson correlations", "皮尔逊相关"),
    "spearman": Text("Spearman correlations", "斯皮尔曼相关"),
    "polychoric": Text("polychoric correlations", "多分格相关"),
    "mixed": Text("Pearson, polyserial and polychoric correlations", "皮尔逊、多列与多分格相关"),
}
_MISSING = {
    "listwise": Text("of the firms that answered every item", "仅用全部题项均作答的企业"),
    "pairwise": Text("of the firms that answered both items of a pair", "各对题项使用两题均作答的企业"),
    "em": Text("by the EM algorithm under normality", "在正态假定下以 EM 算法估计"),
}
_EXTRACTIONS: dict[str, tuple[Text, tuple[str, ...]]] = {
    "principal": (Text("principal components", "主成分法"), ()),
    "paf": (Text("principal axis factoring", "主轴因子法"), ()),
    "minres": (Text("minimum residuals", "最小残差法"), ("harman1966",)),
    "uls": (Text("unweighted least squares", "未加权最小二乘法"), ("harman1966",)),
    "ml": (Text("maximum likelihood", "最大似然法"), ("joreskog1967",)),
    "dwls": (Text("diagonally weighted least squares", "对角加权最小二乘法"), ()),
}
_ROTATIONS: dict[str, tuple[Text, tuple[str, ...]]] = {
    "varimax": (Text("varimax", "最大方差法"), ("kaiser1958",)),
    "quartimax": (Text("quartimax", "四次方最大法"), ("neuhaus1954",)),
    "equamax": (Text("equamax", "等量最大法"), ()),
    "promax": (Text("promax", "promax 斜交法"), ("hendrickson1964",)),
    "oblimin": (Text("direct oblimin", "直接 oblimin 斜交法"), ("jennrich1966",)),
    "geomin": (Text("geomin", "geomin 斜交法"), ()),
    "bentler": (Text("Bentler's criterion", "Bentler 准则斜交法"), ("bentler1977",)),
    "target": (Text("a target", "目标旋转"), ()),
}
_SCORES: dict[str, tuple[Text, tuple[str, ...]]] = {
    "regression": (Text("Thurstone's regression method", "Thurstone 回归法"), ("thurstone1935",)),
    "bartlett": (Text("Bartlett's method", "Bartlett 法"), ("bartlett1937",)),
    "anderson_rubin": (Text("Anderson and Rubin's method", "Anderson-Rubin 法"), ("anderson1956",)),
    "ten_berge": (Text("ten Berge's method", "ten Berge 法"), ("tenberge1999",)),
    "means": (Text("means of the salient items", "显著题项均值"), ()),
}
_RULES: dict[str, tuple[str, ...]] = {
    Rule.PARALLEL_COMPONENTS: ("horn1965",),
    Rule.PARALLEL_FACTORS: ("horn1965",),
    Rule.PARALLEL_FACTORS_PSYCH: ("horn1965",),
    Rule.MAP: ("velicer1976",),
    Rule.MAP_2000: ("velicer2000",),
    Rule.EKC: ("braeken2017",),
    Rule.HULL: ("lorenzo2011",),
    Rule.COMPARISON_DATA: ("ruscio2012",),
    Rule.KAISER: ("kaiser1960",),
    Rule.VSS_1: ("revelle1979",),
    Rule.VSS_2: ("revelle1979",),
    Rule.BIC: ("schwarz1978",),
    Rule.SABIC: ("sclove1987",),
}
_ESTIMATORS: dict[str, tuple[Text, tuple[str, ...]]] = {
    "ml": (Text("maximum likelihood", "最大似然法"), ()),
    "mlr": (Text("robust maximum likelihood", "稳健最大似然法"), ("yuan2000",)),
    "fiml": (Text("full-information maximum likelihood", "全信息最大似然法"), ()),
    "uls": (Text("unweighted least squares", "未加权最小二乘法"), ()),
    "wlsmv": (
        Text(
            "diagonally weighted least squares on polychoric correlations", "多分格相关的对角加权最小二乘法"
        ),
        (),
    ),
}


def measurement_methods(result: StudyResult, cite: Citations) -> Iterator[Sentence]:
    """Reliability, adequacy, number of factors, extraction, rotation, scores, composite, validity."""
    found = result.measurement
    if found is None:
        return
    yield from _reliability(found, cite)
    yield from _adequacy(found, cite)
    yield from _factors(found.factors, cite)
    yield from _bootstrap(found, cite)
    yield from _composite(found)
    if found.validity is not None:
        yield from _validity(found.validity, cite)
    if found.method_bias is not None:
        yield from _method_bias(found.method_bias, cite)


def _method_bias(found: MethodBiasResult, cite: Citations) -> Iterator[Sentence]:
    ways = [Text("Harman's single factor", "Harman 单因子检验")]
    if found.method_factor is not None:
        ways.append(Text("a latent method factor", "潜在方法因子"))
    if found.marker_correction is not None:
        marker = Text("a marker variable{cited}", "标记变量法{cited}")
        ways.append(marker.format(cited=cite("lindell2001")))
    yield from say(
        Text(
            "Common method bias{cited} was examined by {ways}.",
            "共同方法偏差{cited}以{ways}检验。",
        ),
        "harman",
        cited=cite("podsakoff2003"),
        ways=listing(ways),
    )


def _reliability(found: MeasurementResult, cite: Citations) -> Iterator[Sentence]:
    if not found.reliability:
        return
    omega = any(scale.omega is not None for scale in found.reliability)
    ordinal = any(scale.ordinal_alpha is not None for scale in found.reliability)
    coefficients = [
        Text("Cronbach's α{cited}", "Cronbach α{cited}").format(cited=cite("cronbach1951")),
        Text("with Feldt's interval{cited}", "Feldt 区间{cited}").format(cited=cite("feldt1965")),
    ]
    if omega:
        coefficients.append(
            Text("McDonald's ω{cited}", "McDonald ω{cited}").format(cited=cite("mcdonald1999"))
        )
    if ordinal:
        coefficients.append(Text("ordinal α{cited}", "有序 α{cited}").format(cited=cite("zumbo2007")))
    first = Text("{a} {b}", "{a}及{b}").format(a=coefficients[0], b=coefficients[1])
    yield from say(
        Text(
            "The reliability of {scales} was judged by {coefficients}; .70 is the customary bound{cited}.",
            "{scales}的信度以{coefficients}衡量，通常以 0.70 为界{cited}。",
        ),
        "reliability",
        scales=counted(len(found.reliability), "scale", "scales", "个量表"),
        coefficients=listing([first, *coefficients[2:]]),
        cited=cite("nunnally1978"),
    )
    if any(mixed_units(scale) for scale in found.reliability):
        yield from say(
            Text(
                "Where the items of a scale have different units, α is that of standardised items.",
                "题项单位不同的量表采用标准化题项的 α。",
            ),
            "reliability",
        )


def _adequacy(found: MeasurementResult, cite: Citations) -> Iterator[Sentence]:
    correlation = found.correlation
    polychoric = ("olsson1979",) if correlation.kind in ("polychoric", "mixed") else ()
    yield from say(
        Text(
            "Factors were taken from {kind}{cited} {missing} (n = {n}).",
            "因子分析基于{kind}{cited}，{missing}（n = {n}）。",
        ),
        "correlations",
        kind=_CORRELATIONS[correlation.kind],
        cited=cite(*polychoric) if polychoric else Text(),
        missing=_MISSING[correlation.missing],
        n=(correlation.n_obs, "d"),
    )
    yield from say(
        Text(
            "Whether the items can be factored was judged by the Kaiser-Meyer-Olkin measure{kaiser} and "
            "Bartlett's test of sphericity{bartlett}.",
            "以 KMO 取样适切性量数{kaiser}和 Bartlett 球形检验{bartlett}判断是否适合作因子分析。",
        ),
        "adequacy",
        kaiser=cite("kaiser1974"),
        bartlett=cite("bartlett1950"),
    )
    retention = found.retention
    works = dict.fromkeys(work for rule in retention.numbers for work in _RULES.get(rule, ()))
    yield from say(
        Text(
            "The number of factors was asked of {rules}{cited}; parallel analysis draws {sets} random sets.",
            "因子数目由 {rules}判断{cited}，平行分析使用 {sets} 组随机数据。",
        ),
        "n_factors",
        rules=counted(len(retention.numbers), "rule", "rules", "条准则"),
        cited=cite(*works),
        sets=(retention.n_sets, "d"),
    )


def _factors(found: FactorResult, cite: Citations) -> Iterator[Sentence]:
    extraction, works = _EXTRACTIONS[found.extraction]
    yield from say(
        Text(
            "{k} extracted by {extraction}{cited}{rotated}.",
            "以{extraction}{cited}提取 {k}{rotated}。",
        ),
        "loadings",
        k=counted(len(found.names), "factor was", "factors were", "个因子"),
        extraction=extraction,
        cited=cite(*works) if works else Text(),
        rotated=_rotated(found, cite),
    )
    scores, works = _SCORES[found.scoring]
    yield from say(
        Text("Scores are by {scores}{cited}.", "因子得分采用{scores}{cited}。"),
        "score_weights",
        scores=scores,
        cited=cite(*works) if works else Text(),
    )


def _rotated(found: FactorResult, cite: Citations) -> Text:
    if found.rotation == "none" or len(found.names) == 1:
        return Text(" and not rotated", "，未作旋转")
    rotation, works = _ROTATIONS[found.rotation]
    kaiser = Text(" with Kaiser normalisation", "（Kaiser 标准化）") if found.kaiser else Text()
    return Text(" and rotated by {rotation}{kaiser}{cited}", "，并以{rotation}{kaiser}旋转{cited}").format(
        rotation=rotation, kaiser=kaiser, cited=cite(*works) if works else Text()
    )


def _bootstrap(found: MeasurementResult, cite: Citations) -> Iterator[Sentence]:
    if found.stability is None:
        return
    yield from say(
        Text(
            "Standard errors of the loadings are from {n} of the firms{cited}, each solution aligned to that "
            "of the full sample{aligned}.",
            "载荷标准误来自对企业的 {n}{cited}，每次的解均与全样本解对齐{aligned}。",
        ),
        "stability",
        n=counted(found.stability.replicates, "bootstrap resample", "bootstrap resamples", "次自助重抽样"),
        cited=cite("efron1979"),
        aligned=cite("schonemann1966"),
    )


def _composite(found: MeasurementResult) -> Iterator[Sentence]:
    basis = (
        Text("after rotation", "旋转后")
        if found.composite.basis == "rotated"
        else Text("before rotation", "旋转前")
    )
    yield from say(
        Text(
            "The composite is the mean of the factor scores weighted by the factors' shares of explained "
            "variance {basis}.",
            "综合指数为因子得分以{basis}方差贡献率之比加权的平均。",
        ),
        "composite",
        basis=basis,
    )


def _validity(found: ValidityResult, cite: Citations) -> Iterator[Sentence]:
    estimator, works = _ESTIMATORS[found.confirmatory.estimator]
    yield from say(
        Text(
            "A confirmatory model of the scales was estimated by {estimator}{cited} and held against the "
            "cutoffs of Hu and Bentler{cutoffs}.",
            "以{estimator}{cited}估计各量表的验证性因子模型，并参照 Hu 与 Bentler 的标准判断拟合{cutoffs}。",
        ),
        "cfa_fit",
        estimator=estimator,
        cited=cite(*works) if works else Text(),
        cutoffs=cite("hu1999"),
    )
    ratios = ("henseler2015", "roemer2021") if found.htmt_matrix is not None else ()
    yield from say(
        Text(
            "Convergent and discriminant validity were judged by average variance extracted and composite "
            "reliability{fornell}{ratios}.",
            "聚合效度与区分效度以平均方差抽取量和组合信度{fornell}{ratios}衡量。",
        ),
        "convergent_validity",
        fornell=cite("fornell1981"),
        ratios=Text(" and by heterotrait-monotrait ratios{cited}", "以及 HTMT{cited}").format(
            cited=cite(*ratios)
        )
        if ratios
        else Text(),
    )
