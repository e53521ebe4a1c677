"""What valid files come out as."""

from __future__ import annotations

import pytest

from reconciler.core.declarations import environment_names, parse_all, parse_desired
from reconciler.model.component import Component
from reconciler.model.errors import InvalidInput
from reconciler.model.health import DEFAULTS, HealthSpec, SignalName, Weight
from tests.declarations.files import POINTER, ROOT, environment, folder, problems


def test_says_what_one_environment_should_be() -> None:
    desired = parse_desired(folder(), "dev")
    assert desired.environment.name == "dev"
    assert desired.environment.airflow.dag_folder.bucket == "finedge-dev"
    assert desired.environment.airflow.dag_folder.prefix == "dags/"
    assert desired.environment.airflow.sync_seconds == 35
    assert {part: pin.version for part, pin in desired.pointer.components.items()} == dict.fromkeys(
        Component, "1.0.0"
    )


def _health(signals: str) -> HealthSpec:
    spec = environment("dev") + f"health:\n  signals:\n    {signals}\n".encode()
    return parse_desired(folder({"dev/environment.yaml": spec}), "dev").environment.health


@pytest.mark.parametrize(
    ("said", "name", "changed"),
    [
        ("volume: {limit: 5}", SignalName.VOLUME, {"limit": 5}),
        ("freshness: {severity: error}", SignalName.FRESHNESS, {"severity": Weight.ERROR}),
        ('platform: {severity: "off"}', SignalName.PLATFORM, {"severity": Weight.OFF}),
        ("missed-runs: {}", SignalName.MISSED_RUNS, {}),
    ],
)
def test_what_is_not_said_of_a_signal_stays_as_it_is(
    said: str, name: SignalName, changed: dict[str, object]
) -> None:
    health = _health(said)
    assert health.of(name) == DEFAULTS[name].model_copy(update=changed)
    assert health.of(SignalName.SCHEDULER) == DEFAULTS[SignalName.SCHEDULER]
    assert HealthSpec.model_validate_json(health.model_dump_json(by_alias=True)) == health, "as it is stored"


def test_a_bad_value_of_a_signal_is_named_with_its_line() -> None:
    spec = environment("dev") + b"health:\n  signals:\n    volume:\n      atLeast: 0\n"
    (problem,) = problems(folder({"dev/environment.yaml": spec}))
    assert problem == (
        "dev/environment.yaml:14: health.signals.volume.atLeast: found the number 0, expected a whole number "
        "from 1 up to 10000"
    )


def test_another_environments_mistake_does_not_matter() -> None:
    assert parse_desired(folder({"prod/pointer.yaml": b"["}), "dev").environment.name == "dev"


def test_reads_all_in_the_order_of_promotion() -> None:
    assert list(parse_all(folder())) == ["dev", "prod"]
    assert environment_names(folder()) == ("dev", "prod")


def test_reading_all_collects_the_mistakes_of_every_file() -> None:
    files = folder({"dev/pointer.yaml": b"[", "prod/environment.yaml": None})
    with pytest.raises(InvalidInput) as caught:
        parse_all(files)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "dev/pointer.yaml",
        "prod/environment.yaml",
    ]


def test_a_folder_that_no_promotion_names_is_a_mistake() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_all(folder({"qa/pointer.yaml": POINTER}))
    assert 'reconciler.yaml:3: promotion: found the list ["dev", "prod"], expected "qa" among them' in str(
        caught.value
    )


def test_other_files_in_the_folder_are_left_alone() -> None:
    assert list(parse_all(folder({"README.md": b"\xff", "dev/notes.txt": b"\xff"}))) == ["dev", "prod"]


def test_text_that_older_yaml_takes_for_something_else_is_text() -> None:
    files = folder(
        {"reconciler.yaml": b"apiVersion: reconciler/v1\nkind: Reconciler\npromotion: [dev, on]\n"}
    )
    assert environment_names(files) == ("dev", "on")


def test_windows_line_ends_are_fine() -> None:
    assert parse_desired(folder({"dev/pointer.yaml": POINTER.replace(b"\n", b"\r\n")}), "dev")


def test_the_shipped_environments_are_valid() -> None:
    root = ROOT / "environments"
    files = {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
    found = parse_all(files)
    assert list(found) == ["dev", "staging", "prod"]
    for name, desired in found.items():
        assert desired.environment.airflow.api.mwaa is not None
        assert desired.environment.airflow.api.mwaa.environment == f"finedge-{name}"
        assert desired.environment.airflow.dag_folder.bucket == f"finedge-{name}-airflow"
        assert {pin.version for pin in desired.pointer.components.values()} == {"1.0.0"}
        assert desired.environment.policy.approval.required == (name == "prod")


def test_the_shipped_environments_name_their_schemas() -> None:
    for path in (ROOT / "environments").rglob("*.yaml"):
        first = path.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        assert (path.parent / first.partition("=")[2]).is_file(), path


def test_one_dag_may_be_named_to_be_treated_otherwise() -> None:
    path = "dev/environment.yaml"
    special = environment("dev") + b"  dags:\n    load_fx.v2:\n      inFlight: drain\n"
    airflow = parse_desired(folder({path: special}), "dev").environment.airflow
    assert (airflow.in_flight_of("load_fx.v2"), airflow.in_flight_of("other")) == ("drain", "pin")
    mistaken = problems(folder({path: special.replace(b"inFlight", b"inflight")}))
    assert any("airflow.dags.load_fx.v2.inflight: found an unknown key" in problem for problem in mistaken)


def test_a_share_is_no_more_than_one() -> None:
    spec = environment("dev") + b"health:\n  signals:\n    failed-runs:\n      limit: 20\n"
    (problem,) = problems(folder({"dev/environment.yaml": spec}))
    assert problem == (
        "dev/environment.yaml:14: health.signals.failed-runs.limit: found the number 20, expected a share "
        "from 0 up to 1"
    )


def test_a_limit_is_told_without_an_exponent() -> None:
    spec = environment("dev") + b"health:\n  signals:\n    volume:\n      limit: -1\n"
    (problem,) = problems(folder({"dev/environment.yaml": spec}))
    assert problem.endswith("expected a number from 0 up to 1000000")
