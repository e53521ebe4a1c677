"""An event-driven GitOps reconciler for Airflow, dbt and Snowflake."""
