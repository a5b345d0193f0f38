"""The works that methods are taken from, cited in the text and listed where they are cited."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import combining, normalize

from socialcap.results import Text


@dataclass(frozen=True, slots=True)
class Work:
    """One work: how it is cited (authors, year), and its entry in the list of references."""

    authors: str
    year: int
    entry: str

    @property
    def cited(self) -> Text:
        """As it stands in brackets in the text."""
        zh = self.authors.replace(" et al.", " 等").replace(", & ", " 与 ").replace(" & ", " 与 ")
        return Text(f"{self.authors}, {self.year}", f"{zh.replace(', ', '、')}，{self.year}")


class Citations:
    """Cites works and remembers which, so that the references list these alone."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def __call__(self, *keys: str) -> Text:
        """The works in one pair of brackets, in the order given."""
        self._used.update(keys)
        cited = [WORKS[key].cited for key in keys]
        return Text(
            " (" + "; ".join(work.en for work in cited) + ")",
            "（" + "；".join(work.zh for work in cited) + "）",
        )

    def entries(self) -> list[Text]:
        """The references, by authors and year."""
        works = sorted((WORKS[key] for key in self._used), key=lambda work: _plain(work.entry))
        return [Text(work.entry, work.entry) for work in works]


def _plain(entry: str) -> str:
    """For sorting: letters without accents, capitals like small ones."""
    return "".join(c for c in normalize("NFKD", entry.casefold()) if not combining(c))


WORKS: dict[str, Work] = {
    "anderson1956": Work(
        "Anderson & Rubin",
        1956,
        "Anderson, T. W., & Rubin, H. (1956). Statistical inference in factor analysis. In J. Neyman (Ed.), "
        "Proceedings of the Third Berkeley Symposium on Mathematical Statistics and Probability (Vol. 5, "
        "pp. 111–150). University of California Press.",
    ),
    "barnard1999": Work(
        "Barnard & Rubin",
        1999,
        "Barnard, J., & Rubin, D. B. (1999). Small-sample degrees of freedom with multiple imputation. "
        "Biometrika, 86(4), 948–955.",
    ),
    "bartlett1937": Work(
        "Bartlett",
        1937,
        "Bartlett, M. S. (1937). The statistical conception of mental factors. British Journal of Psychology, "
        "28(1), 97–104.",
    ),
    "bartlett1950": Work(
        "Bartlett",
        1950,
        "Bartlett, M. S. (1950). Tests of significance in factor analysis. British Journal of Psychology, "
        "Statistical Section, 3(2), 77–85.",
    ),
    "bell2002": Work(
        "Bell & McCaffrey",
        2002,
        "Bell, R. M., & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with "
        "multi-stage samples. Survey Methodology, 28(2), 169–181.",
    ),
    "belsley1980": Work(
        "Belsley et al.",
        1980,
        "Belsley, D. A., Kuh, E., & Welsch, R. E. (1980). Regression diagnostics: Identifying influential data "
        "and sources of collinearity. Wiley.",
    ),
    "bentler1977": Work(
        "Bentler",
        1977,
        "Bentler, P. M. (1977). Factor simplicity index and transformations. Psychometrika, 42(2), 277–295.",
    ),
    "braeken2017": Work(
        "Braeken & van Assen",
        2017,
        "Braeken, J., & van Assen, M. A. L. M. (2017). An empirical Kaiser criterion. Psychological Methods, "
        "22(3), 450–466.",
    ),
    "brant1990": Work(
        "Brant",
        1990,
        "Brant, R. (1990). Assessing proportionality in the proportional odds model for ordinal logistic "
        "regression. Biometrics, 46(4), 1171–1178.",
    ),
    "breusch1979": Work(
        "Breusch & Pagan",
        1979,
        "Breusch, T. S., & Pagan, A. R. (1979). A simple test for heteroscedasticity and random coefficient "
        "variation. Econometrica, 47(5), 1287–1294.",
    ),
    "cameron2008": Work(
        "Cameron et al.",
        2008,
        "Cameron, A. C., Gelbach, J. B., & Miller, D. L. (2008). Bootstrap-based improvements for inference "
        "with clustered errors. Review of Economics and Statistics, 90(3), 414–427.",
    ),
    "cameron2011": Work(
        "Cameron et al.",
        2011,
        "Cameron, A. C., Gelbach, J. B., & Miller, D. L. (2011). Robust inference with multiway clustering. "
        "Journal of Business & Economic Statistics, 29(2), 238–249.",
    ),
    "cohen1988": Work(
        "Cohen",
        1988,
        "Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.). Lawrence Erlbaum.",
    ),
    "cook1977": Work(
        "Cook",
        1977,
        "Cook, R. D. (1977). Detection of influential observation in linear regression. Technometrics, 19(1), "
        "15–18.",
    ),
    "cribari2004": Work(
        "Cribari-Neto",
        2004,
        "Cribari-Neto, F. (2004). Asymptotic inference under heteroskedasticity of unknown form. Computational "
        "Statistics & Data Analysis, 45(2), 215–233.",
    ),
    "cronbach1951": Work(
        "Cronbach",
        1951,
        "Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika, 16(3), "
        "297–334.",
    ),
    "croon2002": Work(
        "Croon",
        2002,
        "Croon, M. (2002). Using predicted latent scores in general latent structure models. In G. A. "
        "Marcoulides & I. Moustaki (Eds.), Latent variable and latent structure models (pp. 195–223). "
        "Lawrence Erlbaum.",
    ),
    "efron1979": Work(
        "Efron",
        1979,
        "Efron, B. (1979). Bootstrap methods: Another look at the jackknife. The Annals of Statistics, 7(1), "
        "1–26.",
    ),
    "efron1987": Work(
        "Efron",
        1987,
        "Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical "
        "Association, 82(397), 171–185.",
    ),
    "feldt1965": Work(
        "Feldt",
        1965,
        "Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson reliability "
        "coefficient twenty. Psychometrika, 30(3), 357–370.",
    ),
    "firth1993": Work(
        "Firth",
        1993,
        "Firth, D. (1993). Bias reduction of maximum likelihood estimates. Biometrika, 80(1), 27–38.",
    ),
    "fornell1981": Work(
        "Fornell & Larcker",
        1981,
        "Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with unobservable "
        "variables and measurement error. Journal of Marketing Research, 18(1), 39–50.",
    ),
    "harman1966": Work(
        "Harman & Jones",
        1966,
        "Harman, H. H., & Jones, W. H. (1966). Factor analysis by minimizing residuals (minres). "
        "Psychometrika, 31(3), 351–368.",
    ),
    "hayes2015": Work(
        "Hayes",
        2015,
        "Hayes, A. F. (2015). An index and test of linear moderated mediation. Multivariate Behavioral "
        "Research, 50(1), 1–22.",
    ),
    "heckman1979": Work(
        "Heckman",
        1979,
        "Heckman, J. J. (1979). Sample selection bias as a specification error. Econometrica, 47(1), 153–161.",
    ),
    "hendrickson1964": Work(
        "Hendrickson & White",
        1964,
        "Hendrickson, A. E., & White, P. O. (1964). Promax: A quick method for rotation to oblique simple "
        "structure. British Journal of Statistical Psychology, 17(1), 65–70.",
    ),
    "henseler2015": Work(
        "Henseler et al.",
        2015,
        "Henseler, J., Ringle, C. M., & Sarstedt, M. (2015). A new criterion for assessing discriminant "
        "validity in variance-based structural equation modeling. Journal of the Academy of Marketing "
        "Science, 43(1), 115–135.",
    ),
    "holm1979": Work(
        "Holm",
        1979,
        "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of "
        "Statistics, 6(2), 65–70.",
    ),
    "horn1965": Work(
        "Horn",
        1965,
        "Horn, J. L. (1965). A rationale and test for the number of factors in factor analysis. "
        "Psychometrika, 30(2), 179–185.",
    ),
    "hosmer1980": Work(
        "Hosmer & Lemeshow",
        1980,
        "Hosmer, D. W., & Lemeshow, S. (1980). Goodness of fit tests for the multiple logistic regression "
        "model. Communications in Statistics – Theory and Methods, 9(10), 1043–1069.",
    ),
    "hu1999": Work(
        "Hu & Bentler",
        1999,
        "Hu, L., & Bentler, P. M. (1999). Cutoff criteria for fit indexes in covariance structure analysis: "
        "Conventional criteria versus new alternatives. Structural Equation Modeling, 6(1), 1–55.",
    ),
    "jarque1987": Work(
        "Jarque & Bera",
        1987,
        "Jarque, C. M., & Bera, A. K. (1987). A test for normality of observations and regression residuals. "
        "International Statistical Review, 55(2), 163–172.",
    ),
    "jennrich1966": Work(
        "Jennrich & Sampson",
        1966,
        "Jennrich, R. I., & Sampson, P. F. (1966). Rotation for simple loadings. Psychometrika, 31(3), 313–323.",
    ),
    "johnson1936": Work(
        "Johnson & Neyman",
        1936,
        "Johnson, P. O., & Neyman, J. (1936). Tests of certain linear hypotheses and their application to some "
        "educational problems. Statistical Research Memoirs, 1, 57–93.",
    ),
    "joreskog1967": Work(
        "Jöreskog",
        1967,
        "Jöreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis. Psychometrika, "
        "32(4), 443–482.",
    ),
    "kaiser1958": Work(
        "Kaiser",
        1958,
        "Kaiser, H. F. (1958). The varimax criterion for analytic rotation in factor analysis. Psychometrika, "
        "23(3), 187–200.",
    ),
    "kaiser1960": Work(
        "Kaiser",
        1960,
        "Kaiser, H. F. (1960). The application of electronic computers to factor analysis. Educational and "
        "Psychological Measurement, 20(1), 141–151.",
    ),
    "kaiser1974": Work(
        "Kaiser",
        1974,
        "Kaiser, H. F. (1974). An index of factorial simplicity. Psychometrika, 39(1), 31–36.",
    ),
    "kline2012": Work(
        "Kline & Santos",
        2012,
        "Kline, P., & Santos, A. (2012). A score based approach to wild bootstrap inference. Journal of "
        "Econometric Methods, 1(1), 23–41.",
    ),
    "koenker1981": Work(
        "Koenker",
        1981,
        "Koenker, R. (1981). A note on studentizing a test for heteroscedasticity. Journal of Econometrics, "
        "17(1), 107–112.",
    ),
    "laird1982": Work(
        "Laird & Ware",
        1982,
        "Laird, N. M., & Ware, J. H. (1982). Random-effects models for longitudinal data. Biometrics, 38(4), "
        "963–974.",
    ),
    "liang1986": Work(
        "Liang & Zeger",
        1986,
        "Liang, K.-Y., & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. "
        "Biometrika, 73(1), 13–22.",
    ),
    "lindell2001": Work(
        "Lindell & Whitney",
        2001,
        "Lindell, M. K., & Whitney, D. J. (2001). Accounting for common method variance in cross-sectional "
        "research designs. Journal of Applied Psychology, 86(1), 114–121.",
    ),
    "little1988": Work(
        "Little",
        1988,
        "Little, R. J. A. (1988). A test of missing completely at random for multivariate data with missing "
        "values. Journal of the American Statistical Association, 83(404), 1198–1202.",
    ),
    "lorenzo2006": Work(
        "Lorenzo-Seva & ten Berge",
        2006,
        "Lorenzo-Seva, U., & ten Berge, J. M. F. (2006). Tucker's congruence coefficient as a meaningful index "
        "of factor similarity. Methodology, 2(2), 57–64.",
    ),
    "lorenzo2011": Work(
        "Lorenzo-Seva et al.",
        2011,
        "Lorenzo-Seva, U., Timmerman, M. E., & Kiers, H. A. L. (2011). The Hull method for selecting the number "
        "of common factors. Multivariate Behavioral Research, 46(2), 340–364.",
    ),
    "mackinnon1985": Work(
        "MacKinnon & White",
        1985,
        "MacKinnon, J. G., & White, H. (1985). Some heteroskedasticity-consistent covariance matrix estimators "
        "with improved finite sample properties. Journal of Econometrics, 29(3), 305–325.",
    ),
    "mackinnon2024": Work(
        "MacKinnon et al.",
        2024,
        "MacKinnon, J. G., Nielsen, M. Ø., & Webb, M. D. (2024). Cluster-robust jackknife and bootstrap inference "
        "for logistic regression models. arXiv:2406.00650.",
    ),
    "mccullagh1980": Work(
        "McCullagh",
        1980,
        "McCullagh, P. (1980). Regression models for ordinal data. Journal of the Royal Statistical Society: "
        "Series B, 42(2), 109–142.",
    ),
    "mcdonald1999": Work(
        "McDonald",
        1999,
        "McDonald, R. P. (1999). Test theory: A unified treatment. Lawrence Erlbaum.",
    ),
    "mcfadden1974": Work(
        "McFadden",
        1974,
        "McFadden, D. (1974). Conditional logit analysis of qualitative choice behavior. In P. Zarembka (Ed.), "
        "Frontiers in econometrics (pp. 105–142). Academic Press.",
    ),
    "meade2012": Work(
        "Meade & Craig",
        2012,
        "Meade, A. W., & Craig, S. B. (2012). Identifying careless responses in survey data. Psychological "
        "Methods, 17(3), 437–455.",
    ),
    "neuhaus1954": Work(
        "Neuhaus & Wrigley",
        1954,
        "Neuhaus, J. O., & Wrigley, C. (1954). The quartimax method: An analytic approach to orthogonal simple "
        "structure. British Journal of Statistical Psychology, 7(2), 81–91.",
    ),
    "nunnally1978": Work(
        "Nunnally",
        1978,
        "Nunnally, J. C. (1978). Psychometric theory (2nd ed.). McGraw-Hill.",
    ),
    "olsson1979": Work(
        "Olsson",
        1979,
        "Olsson, U. (1979). Maximum likelihood estimation of the polychoric correlation coefficient. "
        "Psychometrika, 44(4), 443–460.",
    ),
    "papke1996": Work(
        "Papke & Wooldridge",
        1996,
        "Papke, L. E., & Wooldridge, J. M. (1996). Econometric methods for fractional response variables with "
        "an application to 401(k) plan participation rates. Journal of Applied Econometrics, 11(6), 619–632.",
    ),
    "podsakoff2003": Work(
        "Podsakoff et al.",
        2003,
        "Podsakoff, P. M., MacKenzie, S. B., Lee, J.-Y., & Podsakoff, N. P. (2003). Common method biases in "
        "behavioral research: A critical review of the literature and recommended remedies. Journal of "
        "Applied Psychology, 88(5), 879–903.",
    ),
    "pregibon1980": Work(
        "Pregibon",
        1980,
        "Pregibon, D. (1980). Goodness of link tests for generalized linear models. Journal of the Royal "
        "Statistical Society: Series C (Applied Statistics), 29(1), 15–24.",
    ),
    "preacher2008": Work(
        "Preacher & Hayes",
        2008,
        "Preacher, K. J., & Hayes, A. F. (2008). Asymptotic and resampling strategies for assessing and "
        "comparing indirect effects in multiple mediator models. Behavior Research Methods, 40(3), 879–891.",
    ),
    "pustejovsky2018": Work(
        "Pustejovsky & Tipton",
        2018,
        "Pustejovsky, J. E., & Tipton, E. (2018). Small-sample methods for cluster-robust variance estimation and "
        "hypothesis testing in fixed effects models. Journal of Business & Economic Statistics, 36(4), 672–683.",
    ),
    "ramsey1969": Work(
        "Ramsey",
        1969,
        "Ramsey, J. B. (1969). Tests for specification errors in classical linear least-squares regression "
        "analysis. Journal of the Royal Statistical Society: Series B, 31(2), 350–371.",
    ),
    "revelle1979": Work(
        "Revelle & Rocklin",
        1979,
        "Revelle, W., & Rocklin, T. (1979). Very simple structure: An alternative procedure for estimating the "
        "optimal number of interpretable factors. Multivariate Behavioral Research, 14(4), 403–414.",
    ),
    "roemer2021": Work(
        "Roemer et al.",
        2021,
        "Roemer, E., Schuberth, F., & Henseler, J. (2021). HTMT2–an improved criterion for assessing "
        "discriminant validity in structural equation modeling. Industrial Management & Data Systems, "
        "121(12), 2637–2650.",
    ),
    "rubin1987": Work(
        "Rubin",
        1987,
        "Rubin, D. B. (1987). Multiple imputation for nonresponse in surveys. Wiley.",
    ),
    "ruscio2012": Work(
        "Ruscio & Roche",
        2012,
        "Ruscio, J., & Roche, B. (2012). Determining the number of factors to retain in an exploratory factor "
        "analysis using comparison data of known factorial structure. Psychological Assessment, 24(2), "
        "282–292.",
    ),
    "schonemann1966": Work(
        "Schönemann",
        1966,
        "Schönemann, P. H. (1966). A generalized solution of the orthogonal Procrustes problem. Psychometrika, "
        "31(1), 1–10.",
    ),
    "schuirmann1987": Work(
        "Schuirmann",
        1987,
        "Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power approach "
        "for assessing the equivalence of average bioavailability. Journal of Pharmacokinetics and "
        "Biopharmaceutics, 15(6), 657–680.",
    ),
    "schwarz1978": Work(
        "Schwarz",
        1978,
        "Schwarz, G. (1978). Estimating the dimension of a model. The Annals of Statistics, 6(2), 461–464.",
    ),
    "sclove1987": Work(
        "Sclove",
        1987,
        "Sclove, S. L. (1987). Application of model-selection criteria to some problems in multivariate "
        "analysis. Psychometrika, 52(3), 333–343.",
    ),
    "simonsohn2020": Work(
        "Simonsohn et al.",
        2020,
        "Simonsohn, U., Simmons, J. P., & Nelson, L. D. (2020). Specification curve analysis. Nature Human "
        "Behaviour, 4(11), 1208–1214.",
    ),
    "tenberge1999": Work(
        "ten Berge et al.",
        1999,
        "ten Berge, J. M. F., Krijnen, W. P., Wansbeek, T., & Shapiro, A. (1999). Some new results on "
        "correlation-preserving factor scores prediction methods. Linear Algebra and its Applications, "
        "289(1–3), 311–318.",
    ),
    "thurstone1935": Work(
        "Thurstone",
        1935,
        "Thurstone, L. L. (1935). The vectors of mind. University of Chicago Press.",
    ),
    "tobin1958": Work(
        "Tobin",
        1958,
        "Tobin, J. (1958). Estimation of relationships for limited dependent variables. Econometrica, 26(1), "
        "24–36.",
    ),
    "velicer1976": Work(
        "Velicer",
        1976,
        "Velicer, W. F. (1976). Determining the number of components from the matrix of partial correlations. "
        "Psychometrika, 41(3), 321–327.",
    ),
    "velicer2000": Work(
        "Velicer et al.",
        2000,
        "Velicer, W. F., Eaton, C. A., & Fava, J. L. (2000). Construct explication through factor or component "
        "analysis: A review and evaluation of alternative procedures for determining the number of factors "
        "or components. In R. D. Goffin & E. Helmes (Eds.), Problems and solutions in human assessment "
        "(pp. 41–71). Kluwer.",
    ),
    "white1980": Work(
        "White",
        1980,
        "White, H. (1980). A heteroskedasticity-consistent covariance matrix estimator and a direct test for "
        "heteroskedasticity. Econometrica, 48(4), 817–838.",
    ),
    "yuan2000": Work(
        "Yuan & Bentler",
        2000,
        "Yuan, K.-H., & Bentler, P. M. (2000). Three likelihood-based methods for mean and covariance "
        "structure analysis with nonnormal missing data. Sociological Methodology, 30(1), 165–200.",
    ),
    "zumbo2007": Work(
        "Zumbo et al.",
        2007,
        "Zumbo, B. D., Gadermann, A. M., & Zeisser, C. (2007). Ordinal versions of coefficients alpha and theta "
        "for Likert rating scales. Journal of Modern Applied Statistical Methods, 6(1), 21–29.",
    ),
}
"""Works by key: family name of the first author and year."""
