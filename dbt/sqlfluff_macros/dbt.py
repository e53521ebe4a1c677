"""The macros of dbt's own namespace, `dbt.`, as sqlfluff has to see them: SQL of the same shape."""


def type_string() -> str:
    return "varchar"


def type_timestamp() -> str:
    return "timestamp"


def concat(parts: list[str]) -> str:
    return " || ".join(parts)


def dateadd(part: str, number: object, column: str) -> str:
    return f"dateadd({part}, {number}, {column})"


def datediff(first: str, second: str, part: str) -> str:
    return f"datediff({part}, {first}, {second})"


def date_trunc(part: str, column: str) -> str:
    return f"date_trunc('{part}', {column})"
