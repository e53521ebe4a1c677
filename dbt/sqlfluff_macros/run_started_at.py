"""dbt's `run_started_at`, as sqlfluff has to see it."""


def strftime(_layout: str) -> str:
    return "2026-01-01 00:00:00"
