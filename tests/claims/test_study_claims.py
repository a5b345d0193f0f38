"""The claims that come with the studies can be read, and name what their studies will have."""

from pathlib import Path

import pytest

from socialcap.claims import Model, Vocabulary, claim_problems, read_references
from socialcap.codebook import read_codebook
from socialcap.plan import read_study
from socialcap.study.names import factor_items, factor_names, scales, variables

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["data/miluo", "tests/studies/southern_africa"])
def test_the_claims_of_a_study_name_what_it_has(folder: str) -> None:
    plan = read_study(REPOSITORY / folder)
    book = read_codebook(plan.path(plan.data.codebook))
    references = read_references(plan.references, plan.folder)
    assert plan.factors is not None
    known = Vocabulary(
        variables=tuple(variables(plan, book)),
        factors=tuple(factor_names(plan, book)),
        items=tuple(factor_items(plan, book)),
        scales=tuple(scales(plan, book)),
        models=tuple(Model.planned(part) for part in plan.regression),
        references={
            name: {str(factor): list(table.index[table[factor] != 0]) for factor in table.columns}
            for name, table in references.items()
        },
        n_factors=plan.factors.n_factors,
        draws=plan.factors.bootstrap,
    )
    tests, problems = claim_problems(plan.claim, known)
    assert problems == []
    assert len(tests) == len(plan.claim) >= 7
    for claim in plan.claim:
        assert claim.sentence.en.endswith(".") and claim.sentence.zh.endswith("。")
    assert all(
        len(set(items)) == len(items) for items in plan.references[next(iter(references))].factors.values()
    )
