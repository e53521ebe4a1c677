"""The whole cloud on one machine: Airflow, PostgreSQL, a Git server, AWS and MWAA's front, all on loopback.

Used by `python -m local`, the demo and the tests. Nothing here is deployed, and nothing that is deployed
imports it.
"""
