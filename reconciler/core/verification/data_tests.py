"""Do the tests of data that changed DAGs run pass as they did before?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reconciler.core.verification.measuring import Sorted, summed_up, unknown
from reconciler.core.verification.robust import is_news
from reconciler.core.verification.scene import Scene
from reconciler.core.verification.second_try import is_open
from reconciler.model.health import SignalName
from reconciler.model.seen import RecordedTest
from reconciler.model.watch import Measurement

_Test = tuple[str, str, str, str, str]


def data_tests(scene: Scene) -> Measurement | None:
    """The newest result of each test of severity error; None: no record is configured, or it was not due.

    One that failed last before the change already is not the release's doing, and neither is one that warns.
    Where the DAG usually runs again within two hours, one failure is none; nor is any while the run that it
    made fail is tried once more.
    """
    name, record = SignalName.DATA_TESTS, scene.evidence.record
    if record is None:
        return unknown(scene, name) if name in scene.evidence.troubles else None
    seen, warned = Sorted(), 0
    for key, (before, since) in _by_test(scene, record.tests).items():
        if not since:
            continue
        last, what = since[-1], _in_words(key)
        seen.dags[what] = key[0]
        if last.severity != "error":
            warned += not last.passed
            continue
        often = scene.runs_often(key[0])
        failed = [not one.passed for one in since]
        failed_before = [not one.passed for one in before]
        seen.saw(sum(failed) / len(failed))
        if last.passed or (before and not before[-1].passed):
            seen.good.add(what)
            continue
        # Of a test that is not known, nobody can tell what the release has to do with it.
        news = bool(before) and is_news(failed, failed_before, often=often)
        # More runs are remembered than tests: a DAG that fails now and then may do so by its tests.
        runs = [run.state == "failed" for run in scene.runs_before(key[0])]
        news = news and (not any(runs) or is_news(failed, runs, often=often))
        news = news and not is_open(scene, key[0])
        (seen.bad if news else seen.doubtful)[what] = (
            f"{what}: {_observed(last)}; before {failed_before.count(False)} of {len(before)} passed"
        )
    return summed_up(
        scene,
        name,
        seen,
        f"Tests of data pass as they did before{f'; {warned} that only warn do not' if warned else ''}.",
        "No changed DAG has tested its data yet.",
        "does not pass since the change",
    )


def _by_test(
    scene: Scene, tests: Sequence[RecordedTest]
) -> dict[_Test, tuple[list[RecordedTest], list[RecordedTest]]]:
    found = defaultdict[_Test, tuple[list[RecordedTest], list[RecordedTest]]](lambda: ([], []))
    for test in sorted(tests, key=lambda one: one.checked_at):
        if test.dag_id not in scene.touched:
            continue
        key = (test.dag_id, test.table, test.rule, test.column, test.expectation)
        if test.checked_at < scene.touched[test.dag_id]:
            found[key][0].append(test)
        elif scene.is_since(test.dag_id, test.checked_at):
            found[key][1].append(test)
    name = SignalName.DATA_TESTS
    return {
        key: (before, scene.newest(name, since, lambda one: one.checked_at))
        for key, (before, since) in found.items()
    }


def _in_words(key: _Test) -> str:
    _, table, rule, column, _ = key
    return f"{rule} of {table}{f'.{column}' if column else ''}"


def _observed(test: RecordedTest) -> str:
    rows = f"{test.failing} rows" if test.failing is not None else ""
    return ", ".join(filter(None, ("failed", rows, test.observed and f"observed {test.observed}")))
