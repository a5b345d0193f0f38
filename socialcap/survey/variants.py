"""The analysed respondents as other exclusion rules would leave them."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from socialcap.errors import Problem, StudyError, nearest
from socialcap.survey.derive import plan_derivations
from socialcap.survey.flow import excluded
from socialcap.survey.survey import Survey


def responses_under(survey: Survey, rules: Collection[str]) -> pd.DataFrame:
    """`survey.responses` with only the named exclusion rules applied (flags, or conditions as written).

    Derived variables that depend on who is in the sample (ranks, z-scores) are computed over the rows that
    stay. Raises StudyError for a rule that the survey does not have, with the nearest that it has.
    """
    known = [rule.rule for rule in survey.rules]
    problems = []
    for name in rules:
        if name not in known:
            hint = nearest(name, known)
            tail = f"; did you mean {hint!r}?" if hint else ""
            problems.append(Problem(f"there is no exclusion rule {name!r}{tail}", expected=", ".join(known)))
    if problems:
        raise StudyError("these exclusion rules do not exist", problems)
    applied = [rule for rule in survey.rules if rule.rule in rules]
    stay = ~excluded(applied, len(survey.cleaned))
    typed = survey.cleaned.drop(columns=list(survey.derived))
    columns = [str(name) for name in typed.columns]
    plan = plan_derivations(survey.derived, (), columns, (), survey.codebook)
    return plan.add_to(typed.loc[stay])[0]
