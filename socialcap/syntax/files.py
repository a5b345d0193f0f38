"""The syntax files of a study by name."""

from __future__ import annotations

from socialcap.plan import StudyPlan
from socialcap.results import StudyResult
from socialcap.syntax.r import r_file
from socialcap.syntax.spss import spss_files
from socialcap.syntax.stata import stata_file


def syntax_files(result: StudyResult, plan: StudyPlan) -> dict[str, bytes]:
    """The syntax files by name, UTF-8, for a folder beside cleaned.csv; labels in the report's first language.

    analysis.R and analysis.sps repeat the analysis in R and in SPSS or PSPP, analysis_spss_only.sps adds what
    PSPP has not, and analysis.do is for Stata. What a program cannot do is said in its file.
    """
    language = plan.report.languages[0] if plan.report.languages else "en"
    files = {
        "analysis.R": r_file(result, plan),
        **spss_files(result, plan, language),
        "analysis.do": stata_file(result, plan, language),
    }
    return {f"syntax/{name}": text.encode() for name, text in files.items()}
