"""How the tests tell a change of a DAG: as edits of the text of `BASE`, as an engineer would make them."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.plan import ChangeClass

ALWAYS, ONLY_3_2 = ("3.0.6", "3.2.1"), ("3.2.1",)

TOOLS = """
from airflow.sdk import BaseOperator
from airflow.triggers.base import StartTriggerArgs


class Waits(BaseOperator):
    template_fields = []

    def __init__(self, *, at_once=False, method="done", **named):
        super().__init__(**named)
        self.start_from_trigger = at_once
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="tools.Trigger", next_method=method, trigger_kwargs={}, next_kwargs=None, timeout=None
        )
"""
BASE = """
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import DAG, Asset, Label, TaskGroup, task, task_group
from lib.tools import Waits
import pendulum


def tell(context):
    pass


with DAG(
    DAG_ID,
    schedule="0 5 * * *",
    start_date=datetime(2026, 1, 1),
    # dag
) as dag:
    extract = BashOperator(task_id="extract", bash_command="echo 1")  # extract

    @task()
    def shape(size):
        return [size]

    shaped = shape(1)

    @task(max_active_tis_per_dag=4)
    def clean(part, strict):
        return part

    cleaned = clean.partial(strict=True).expand(part=[1, 2])
    waits = Waits(task_id="waits")
    there = FileSensor(task_id="there", filepath="/there")
    load = BashOperator(task_id="load", bash_command="load.sh {{ ds }}", env={"A": "1"})  # load
    publish = EmptyOperator(task_id="publish")

    with TaskGroup("report") as report:
        EmptyOperator(task_id="draw") >> EmptyOperator(task_id="send")

    @task_group()
    def shops(shop):
        BashOperator(task_id="count", bash_command="echo")

    shops.expand(shop=["north", "south"])
    extract >> shaped >> load >> publish
    # end
"""


@dataclass(frozen=True)
class Change:
    """Edits of the base (old text, new text), the class they must have, and a line of why."""

    name: str
    edits: tuple[tuple[str, str], ...]
    expected: ChangeClass
    why: str = "the graph is the same"
    airflow: tuple[str, ...] = ALWAYS

    def source(self, dag_id: str) -> bytes:
        """The base, edited, under another id. Each edit must find its text, once."""
        text = BASE.replace("DAG_ID", repr(dag_id))
        for old, new in self.edits:
            assert text.count(old) == 1, (self.name, old)
            text = text.replace(old, new)
        return text.encode()


EXTRACT, LOAD, DAG, END = '1")  # extract', 'env={"A": "1"})  # load', "    # dag", "    # end"


def on_task(arguments: str) -> tuple[tuple[str, str], ...]:
    return ((EXTRACT, f'1", {arguments})'),)


def on_load(arguments: str) -> tuple[tuple[str, str], ...]:
    return ((LOAD, f'env={{"A": "1"}}, {arguments})'),)


def on_dag(arguments: str) -> tuple[tuple[str, str], ...]:
    return ((DAG, f"    {arguments},"),)


def at_end(*lines: str) -> tuple[tuple[str, str], ...]:
    return ((END, "\n".join(f"    {line}" for line in lines)),)


def pinned(name: str, edits: tuple[tuple[str, str], ...], airflow: tuple[str, ...] = ALWAYS) -> Change:
    return Change(name, edits, ChangeClass.PINNED, airflow=airflow)


def drained(
    name: str, why: str, edits: tuple[tuple[str, str], ...], airflow: tuple[str, ...] = ALWAYS
) -> Change:
    return Change(name, edits, ChangeClass.DRAINED, why, airflow)


def calendar(name: str, why: str, edits: tuple[tuple[str, str], ...]) -> Change:
    return Change(name, edits, ChangeClass.CALENDAR, why)
