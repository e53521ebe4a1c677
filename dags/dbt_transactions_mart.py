"""Airflow DAG of the configuration that has this file's name."""

from lib.factory import dag_of_config

dag = dag_of_config(__file__)
