"""Writes as many further configurations of DAGs as are wanted: what the platform is to grow by.

Called by tests and benchmarks that ask how things go with 80 DAGs. The same seed gives the same files.
"""

from __future__ import annotations

from pathlib import Path

from local.sources.draw import Draw

_TYPES = ("NUMBER(38, 0)", "NUMBER(18, 2)", "VARCHAR", "DATE", "TIMESTAMP_NTZ")
_WORDS = ("branch", "channel", "limit", "score", "status", "region", "fee", "rate", "quota", "label")
_DOMAINS = ("cards", "lending", "payments", "treasury", "digital")


def generate_configs(folder: Path, count: int, seed: int = 1) -> list[str]:
    """Add `count` DAGs to a folder that has the factory, a configuration and its stub each; their ids.

    The stubs are copies of the one that the folder's first configuration has.
    """
    stub = (folder / f"{min(path.stem for path in (folder / 'config').glob('*.yml'))}.py").read_bytes()
    ids = []
    for number in range(count):
        draw = Draw(seed, "config", number)
        files = draw.below(3) == 0
        dag_id = f"ingest_{'s3' if files else 'pg'}_generated_{number:03}"
        text = _feed(dag_id, number, draw) if files else _tables(dag_id, number, draw)
        (folder / "config" / f"{dag_id}.yml").write_text(text)
        (folder / f"{dag_id}.py").write_bytes(stub)
        ids.append(dag_id)
    return sorted(ids)


def _head(dag_id: str, template: str, draw: Draw, schedule: str) -> str:
    domain = draw.of(_DOMAINS)
    return (
        f"template: {template}\ndescription: Generated, to see how the platform grows\n"
        f'domain: {domain}\nowner: {domain}-data\nschedule: "{schedule}"\n'
        f"sla_minutes: {30 + draw.below(60)}\nsuite: preflight_{dag_id}.json\n"
    )


def _tables(dag_id: str, number: int, draw: Draw) -> str:
    hourly = draw.below(3) == 0
    schedule = f"{draw.below(60)} {'*' if hourly else draw.below(6)} * * *"
    text = _head(dag_id, "pg_incremental", draw, schedule)
    text += f"period: {'hour' if hourly else 'day'}\nsource: {{connection: finedge_source, schema: core}}\n"
    text += "target: RAW_CORE\ntables:\n"
    for table in range(1 + draw.below(3)):
        text += f"  generated_{number:03}_{table}:\n    key: [id]\n    columns:\n"
        text += _columns(draw, 6) + "      updated_at: TIMESTAMP_NTZ\n"
    return text


def _feed(dag_id: str, number: int, draw: Draw) -> str:
    text = _head(dag_id, "s3_file_feed", draw, f"{draw.below(60)} {2 + draw.below(5)} * * *")
    text += "arrives: daily\nfolder: generated/dt={day}/\n"
    text += f"files: [rows-{number:03}.csv]\nformat: {{kind: csv}}\ntable:\n  schema: RAW_FILES\n"
    text += f"  name: GENERATED_{number:03}\n  key: [id]\n  interval_column: on_day\n  columns:\n"
    return text + _columns(draw, 4) + "    on_day: DATE\n"


def _columns(draw: Draw, indent: int) -> str:
    names = dict.fromkeys(draw.of(_WORDS) for _ in range(4 + draw.below(8)))
    lines = ["id: NUMBER(38, 0)", *(f"{name}: {draw.of(_TYPES)}" for name in names)]
    return "".join(f"{' ' * indent}{line}\n" for line in lines)
