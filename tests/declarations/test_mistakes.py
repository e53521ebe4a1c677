"""Every mistake is told with file, line, key, what was found and what was expected."""

from __future__ import annotations

import pytest

from reconciler.core.declarations import parse_desired
from reconciler.model.errors import InvalidInput
from reconciler.model.reason import Reason
from tests.declarations.files import POINTER, environment, folder, problems

DEV = environment("dev")
POINTER_PATH, ENVIRONMENT_PATH = "dev/pointer.yaml", "dev/environment.yaml"
PIN = "a mapping with the keys version, digest"
SEMVER = "a semantic version as text, like 1.4.0"


def with_pointer(old: bytes, new: bytes) -> bytes:
    assert old in POINTER
    return POINTER.replace(old, new, 1)


def with_environment(old: bytes, new: bytes) -> bytes:
    assert old in DEV
    return DEV.replace(old, new, 1)


POINTERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", ":1: file: found an empty file, expected a YAML mapping"),
    "only a comment": (b"# nothing\n", ":1: file: found an empty file, expected a YAML mapping"),
    "a list": (
        b"- 1\n",
        ":1: file: found the list [the number 1], expected a mapping with the keys apiVersion",
    ),
    "text": (b"hello\n", ':1: file: found "hello", expected a mapping with the keys apiVersion, kind, compo'),
    "malformed": (
        b"apiVersion: x\nkind: [\n",
        ":3: file: found a mistake in the YAML: did not find expected",
    ),
    "merge conflict": (
        POINTER.replace(b"  dbt", b"<<<<<<< HEAD\n  dbt"),
        ":9: file: found a mistake in the YAML",
    ),
    "tab": (
        with_pointer(b"    version", b"\tversion"),
        ":5: file: found a mistake in the YAML: found character",
    ),
    "huge": (b"# " + b"x" * 262_144, ":1: file: found 262146 bytes, expected at most 262144 bytes"),
    "nested": (b"a: " + b"[" * 500, ":1: file: found deeper nesting, expected at most 20 levels"),
    "nested mappings": (
        b"".join(b" " * depth + b"a:\n" for depth in range(200)),
        ":20: file: found deeper nesting, expected at most 20 levels",
    ),
    "alias": (
        b"kind: &k Pointer\napiVersion: *k\n",
        ":1: kind: found the anchor &k, expected a value without",
    ),
    "alias bomb": (
        b"a: &a [x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c + 1, c + 1, c, c) for c in range(97, 110)),
        ":2: b[0]: found the alias *a, expected the value itself",
    ),
    "tag": (
        with_pointer(b"1.0.0", b"!!python/object/apply:os.system ['true']"),
        ":5: components.dags.version: found the tag tag:yaml.org,2002:python/object/apply:os.system",
    ),
    "second document": (
        POINTER + b"---\n" + POINTER,
        ":10: file: found a second document (---), expected a single",
    ),
    "directive": (
        b"%YAML 1.1\n---\n" + POINTER,
        ":1: file: found a % directive, expected a file without one",
    ),
    "duplicate key": (
        with_pointer(b"  libs:", b"  dags:"),
        ":6: components.dags: found the key a second time, expected it once (it is on line 4 too)",
    ),
    "key that is a list": (
        with_pointer(b"kind", b"? [kind]\n"),
        ": found a key that is a list or mapping, expected",
    ),
    "not UTF-8": (
        POINTER + b"# caf\xe9\n",
        ":10: file: found the byte 0xe9, expected text encoded as UTF-8",
    ),
    "UTF-16": (
        POINTER.decode().encode("utf-16"),
        ":1: file: found the byte 0xff, expected text encoded as UTF-8",
    ),
    "byte order mark": (
        b"\xef\xbb\xbf" + POINTER,
        ":1: file: found the invisible character U+FEFF, expected",
    ),
    "NUL": (POINTER + b"# \0\n", ":10: file: found the invisible character U+0000, expected readable text"),
    "text direction": (
        POINTER + "# \u202e\n".encode(),
        ":10: file: found the invisible character U+202E, expected readable text",
    ),
    "escaped control character": (
        with_pointer(b"1.0.0", b'"1.0.0\\x1b"'),
        ":5: components.dags.version: found the invisible character U+001B, expected readable text",
    ),
    "number for a version": (
        with_pointer(b"1.0.0", b"1.0"),
        f":5: components.dags.version: found the number 1.0, expected {SEMVER}",
    ),
    "v before a version": (
        with_pointer(b"1.0.0", b"v1.0.0"),
        f':5: components.dags.version: found "v1.0.0", expected {SEMVER}',
    ),
    "empty version": (
        with_pointer(b" 1.0.0", b""),
        f":5: components.dags.version: found nothing, expected {SEMVER}",
    ),
    "true for a version": (
        with_pointer(b"1.0.0", b"true"),
        f":5: components.dags.version: found true, expected {SEMVER}",
    ),
    "version without a mapping": (
        with_pointer(b"\n    version: 1.0.0", b" 1.0.0"),
        f':4: components.dags: found "1.0.0", expected {PIN}',
    ),
    "short digest": (
        with_pointer(b"1.0.0", b"1.0.0\n    digest: abc"),
        ':6: components.dags.digest: found "abc", expected a sha256: 64 hexadecimal digits in lower case',
    ),
    "long text is cut": (with_pointer(b"1.0.0", b"y" * 5000), f'found "{"y" * 60}…", expected {SEMVER}'),
    "missing component": (
        with_pointer(b"  dbt:\n    version: 1.0.0\n", b""),
        f":3: components.dbt: found nothing, expected {PIN}",
    ),
    "unknown component": (
        with_pointer(b"  dbt:", b"  dtb:"),
        ":8: components.dtb: found an unknown key, expected one of dags, libs, dbt (did you mean dbt?)",
    ),
    "unknown key": (
        with_pointer(b"version:", b"verison:"),
        ":5: components.dags.verison: found an unknown key, expected one of version, digest (did you mean",
    ),
    "unknown key without a likeness": (
        POINTER + b"zzz: 1\n",
        ":10: zzz: found an unknown key, expected one of apiVersion, kind, components",
    ),
    "Python's name of a key": (
        with_pointer(b"apiVersion", b"api_version"),
        "expected one of apiVersion, kind, components, losesRuns (did you mean apiVersion?)",
    ),
    "missing kind": (with_pointer(b"kind: Pointer\n", b""), ":1: kind: found nothing, expected Pointer"),
    "another kind": (DEV, ':2: kind: found "Environment", expected Pointer'),
    "another format": (
        with_pointer(b"reconciler/v1", b"reconciler/v9"),
        ':1: apiVersion: found "reconciler/v9", expected reconciler/v1',
    ),
}

ENVIRONMENTS: dict[str, tuple[bytes, str]] = {
    "two bindings": (
        with_environment(b"    http:", b"    mwaa:\n      environment: dev\n    http:"),
        ":6: airflow.api: found a mapping with mwaa, http, expected exactly one of the keys mwaa and http",
    ),
    "no binding": (
        with_environment(b"\n    http:\n      url: http://127.0.0.1:8080", b" {}"),
        ":6: airflow.api: found a mapping with no keys, expected exactly one of the keys mwaa and http",
    ),
    "not a URL": (
        with_environment(b"http://127", b"ftp://127"),
        ':8: airflow.api.http.url: found "ftp://127.0.0.1:8080", expected a URL that starts with https:// or',
    ),
    "a URL without a host": (
        with_environment(b"http://127.0.0.1:8080", b"http:///airflow"),
        ':8: airflow.api.http.url: found "http:///airflow", expected a URL with a host',
    ),
    "an IP address cut short": (
        with_environment(b"http://127.0.0.1:8080", b"http://127.1:8080"),
        ':8: airflow.api.http.url: found "http://127.1:8080", expected a URL with a host; an IP address as',
    ),
    "not its folder's name": (
        with_environment(b"name: dev", b"name: prod"),
        ':3: name: found "prod", expected "dev", the name of its folder',
    ),
    "no bucket name": (
        with_environment(b"finedge-dev", b"FinEdge"),
        ':10: airflow.dagFolder.bucket: found "FinEdge", expected the name of an S3 bucket',
    ),
    "no slash": (
        DEV + b"    prefix: dags\n",
        ':11: airflow.dagFolder.prefix: found "dags", expected a folder in the bucket that ends with a slash',
    ),
    "too long a wait": (
        DEV + b"  syncSeconds: 999\n",
        ":11: airflow.syncSeconds: found the number 999, expected a number from 0 up to 600",
    ),
    "no wait at all": (
        DEV + b"  parseSeconds: 0\n",
        ":11: airflow.parseSeconds: found the number 0, expected a number above 0 and up to 1800",
    ),
    "a quoted number": (
        DEV + b"  syncSeconds: '35'\n",
        ':11: airflow.syncSeconds: found "35", expected a number from 0 up to 600',
    ),
    "Python's name of an optional key": (
        DEV + b"  sync_seconds: 5\n",
        ":11: airflow.sync_seconds: found an unknown key, expected one of version, api, dagFolder, ",
    ),
    "too long a name": (
        with_environment(
            b"http:\n      url: http://127.0.0.1:8080", b"mwaa:\n      environment: " + b"e" * 81
        ),
        "expected text of 1 to 80 characters",
    ),
    "a list": (
        with_environment(b"3.0.6", b"[3, 0, 6]"),
        ":5: airflow.version: found the list [the number 3, the number 0, the number 6], expected a ver",
    ),
}

WINDOW = b"policy: {windows: {freeze: [{name: audit, start: 2026-05-04T00:00:00, hours: 24}, %s]}}\n"


def with_window(window: bytes) -> bytes:
    """An environment whose second freeze, in its last line, is this one."""
    return DEV + WINDOW % window


AT = "policy.windows.freeze[1]"
ENVIRONMENTS |= {
    "a timezone that does not exist": (
        with_window(b"{name: x, start: 2026-01-01T00:00:00, hours: 1, timezone: Mars/Olympus}"),
        f'{AT}.timezone: found "Mars/Olympus", expected the name of a timezone',
    ),
    "a timezone that is a path": (
        with_window(b"{name: x, start: 2026-01-01T00:00:00, hours: 1, timezone: ../../etc/passwd}"),
        f"{AT}.timezone: found",
    ),
    "a rule by hours": (
        with_window(b"{name: x, start: 2026-01-01T00:00:00, hours: 1, rule: FREQ=HOURLY}"),
        f'{AT}.rule: found "FREQ=HOURLY", expected a recurrence rule of RFC 5545',
    ),
    "a rule with a day that is none": (
        with_window(b"{name: x, start: 2026-01-01T00:00:00, hours: 1, rule: FREQ=WEEKLY;BYDAY=XX}"),
        f'{AT}.rule: found "FREQ=WEEKLY;BYDAY=XX", expected a recurrence rule of RFC 5545',
    ),
    "a start with an offset": (
        with_window(b'{name: x, start: "2026-01-01T00:00:00Z", hours: 1}'),
        f"{AT}.start: found",
    ),
    "no hours": (
        with_window(b"{name: x, start: 2026-01-01T00:00:00, hours: 0}"),
        f"{AT}.hours: found the number 0",
    ),
    "a window without a name": (
        with_window(b"{start: 2026-01-01T00:00:00, hours: 1}"),
        f"{AT}.name: found nothing, expected",
    ),
}

HOLDS: dict[str, tuple[bytes, str]] = {
    "no reason": (
        b"apiVersion: reconciler/v1\nkind: Holds\nholds:\n"
        b"  - by: Ana <ana@finedge.example>\n    since: 2026-11-21T17:00:00Z\n",
        ":4: holds[0].reason: found nothing, expected text of 1 to 500 characters",
    ),
    "a version instead of a release": (
        b"apiVersion: reconciler/v1\nkind: Holds\nquarantine:\n  - by: Ana <ana@finedge.example>\n"
        b"    since: 2026-11-21T17:00:00Z\n    reason: it dropped rows\n    release: 1.4.0\n",
        ':7: quarantine[0].release: found "1.4.0", expected the id of a release',
    ),
    "a time without an offset": (
        b"apiVersion: reconciler/v1\nkind: Holds\n"
        b"suspended: {by: Ana, since: 2026-11-21T17:00:00, reason: x}\n",
        ":3: suspended.since: found",
    ),
}

CONFIGS: dict[str, tuple[bytes, str]] = {
    "empty promotion": (
        b"[]",
        ":3: promotion: found the list [], expected a list; each item: a name of 1 to 30",
    ),
    "not a list": (b"dev", ':3: promotion: found "dev", expected a list; each item: a name of 1 to 30 lower'),
    "bad name": (
        b"[dev, PROD]",
        ':3: promotion[1]: found "PROD", expected a name of 1 to 30 lower case letters',
    ),
    "twice": (b"[dev, dev]", ':3: promotion: found the list ["dev", "dev"], expected each environment once'),
    "not this one": (
        b"[prod]",
        ':3: promotion: found the list ["prod"], expected "dev" among them, or no folder',
    ),
}


@pytest.mark.parametrize("case", POINTERS)
def test_mistakes_in_a_pointer(case: str) -> None:
    content, message = POINTERS[case]
    found = problems(folder({POINTER_PATH: content}))
    assert any(message in problem for problem in found), found
    assert all(problem.startswith(f"{POINTER_PATH}:") for problem in found)


@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_mistakes_in_an_environment(case: str) -> None:
    content, message = ENVIRONMENTS[case]
    (found,) = problems(folder({ENVIRONMENT_PATH: content}))
    assert found.startswith(f"{ENVIRONMENT_PATH}:")
    assert message in found


@pytest.mark.parametrize("case", HOLDS)
def test_mistakes_in_what_is_held(case: str) -> None:
    content, message = HOLDS[case]
    (found,) = problems(folder({"dev/holds.yaml": content}))
    assert found.startswith(f"dev/holds.yaml{message}")


@pytest.mark.parametrize("case", CONFIGS)
def test_mistakes_in_what_is_shared(case: str) -> None:
    promotion, message = CONFIGS[case]
    content = b"apiVersion: reconciler/v1\nkind: Reconciler\npromotion: " + promotion + b"\n"
    (found,) = problems(folder({"reconciler.yaml": content}))
    assert found.startswith(f"reconciler.yaml{message}")


@pytest.mark.parametrize(
    ("path", "kind"),
    [(POINTER_PATH, "Pointer"), (ENVIRONMENT_PATH, "Environment"), ("reconciler.yaml", "Reconciler")],
)
def test_a_file_that_is_not_there(path: str, kind: str) -> None:
    assert problems(folder({path: None})) == (
        f"{path}:1: file: found no such file, expected a file of kind {kind}",
    )


def test_an_environment_that_is_declared_nowhere() -> None:
    assert [problem.split(":")[0] for problem in problems(folder(), "qa")] == [
        "qa/environment.yaml",
        "qa/pointer.yaml",
        "reconciler.yaml",
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    content = POINTER.replace(b"1.0.0", b"1.0").replace(b"  dbt:", b"  dtb:")
    found = problems(folder({POINTER_PATH: content, ENVIRONMENT_PATH: DEV + b"  typo: 1\n"}))
    assert [problem.split(":")[1] for problem in found] == ["11", "3", "5", "7", "8", "9"]


def test_a_mess_does_not_flood_the_events() -> None:
    content = POINTER + b"".join(b"k%d: 1\n" % number for number in range(9000))
    found = problems(folder({POINTER_PATH: content}))
    assert found[-1] == "and 8950 problems more"
    assert len("\n".join(found)) < 10_000


def test_the_error_is_for_a_person_to_mend() -> None:
    with pytest.raises(InvalidInput, match="reconciler validate") as caught:
        parse_desired({}, "dev")
    assert caught.value.reason is Reason.INVALID_CONFIGURATION
