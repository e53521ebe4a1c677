"""Each change of a DAG means for runs in flight what the table says, as a real Airflow parses it."""

from __future__ import annotations

import re

import pytest

from reconciler.core.structure import compare
from reconciler.model.plan import ChangeClass
from reconciler.model.release import SealedDag
from tests.structure.change_table import CHANGES
from tests.structure.changes import TOOLS, Change
from tests.structure.sealing import Sealer

pytestmark = pytest.mark.airflow

Sealed = dict[str, SealedDag]


def dag_id(name: str) -> str:
    return "changed_" + re.sub(r"\W+", "_", name)


@pytest.fixture(scope="module")
def sealed(sealer: Sealer) -> Sealed:
    """Every change as a DAG of its own in one release, beside the base: parsed in one go."""
    files = {
        f"dags/{dag_id(change.name)}.py": change.source(dag_id(change.name))
        for change in CHANGES
        if sealer.version in change.airflow
    }
    assert len(files) == len([change for change in CHANGES if sealer.version in change.airflow])
    base = Change("base", (), ChangeClass.PINNED)
    return sealer.dags({**files, "dags/base.py": base.source("base"), "dags/lib/tools.py": TOOLS.encode()})


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_has_its_class_and_says_why(change: Change, sealed: Sealed, sealer: Sealer) -> None:
    if sealer.version not in change.airflow:
        assert dag_id(change.name) not in sealed
        return
    base, changed = sealed["base"], sealed[dag_id(change.name)]
    for before, after in ((base, changed), (changed, base)):
        found, why = compare(before, after)
        assert found is change.expected, why
    assert change.why in compare(base, changed)[1]


def test_the_graph_of_a_real_dag_is_known(sealed: Sealed, sealer: Sealer) -> None:
    for dag in sealed.values():
        assert dag.structure["airflow"] == f'"{sealer.version}"'
        assert dag.calendar["timetable"].startswith('"airflow.timetables.')
