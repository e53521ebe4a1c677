"""dbt's `target`, as sqlfluff has to see it."""

type = "snowflake"
