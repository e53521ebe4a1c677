"""The table of changes of a DAG and what each must mean for runs in flight; tried on real parses."""

from __future__ import annotations

from tests.structure.changes import (
    ONLY_3_2,
    Change,
    at_end,
    calendar,
    drained,
    on_dag,
    on_load,
    on_task,
    pinned,
)

PINNED = [
    pinned("nothing but the id", ()),
    pinned("comment", (("    # end", "    # the end"),)),
    pinned("body", (("return [size]", "return [size, size]"),)),
    pinned("helper function", (("    pass", "    print(context)"),)),
    pinned(
        "function renamed, task id kept",
        (
            ("@task()\n    def shape(", "@task(task_id='shape')\n    def reshape("),
            ("shape(1)", "reshape(1)"),
        ),
    ),
    pinned(
        "operator of another class",
        (
            (
                'BashOperator(task_id="extract", bash_command="echo 1")',
                'PythonOperator(task_id="extract", python_callable=tell)',
            ),
        ),
    ),
    pinned(
        "order of definition",
        (
            ('    publish = EmptyOperator(task_id="publish")\n', ""),
            ("    extract = Bash", '    publish = EmptyOperator(task_id="publish")\n    extract = Bash'),
        ),
    ),
    pinned("op_kwargs value", (("shape(1)", "shape(2)"),)),
    pinned("partial value", (("strict=True", "strict=False"),)),
    pinned("template", (("load.sh {{ ds }}", "load.sh {{ ts }}"),)),
    pinned("env", (('"A": "1"', '"A": "2"'),)),
    pinned("retries", on_task("retries=3, retry_delay=timedelta(minutes=1), retry_exponential_backoff=True")),
    pinned("retries of a mapped task", (("_per_dag=4", "_per_dag=4, retries=2"),)),
    pinned("limits of a mapped task", (("_per_dag=4", "_per_dag=5, pool='few'"),)),
    pinned("execution timeout", on_task("execution_timeout=timedelta(hours=1)")),
    pinned("pool", on_task("pool='few', pool_slots=2")),
    pinned("queue", on_task("queue='big', executor_config={'a': 1}")),
    pinned("priority", on_task("priority_weight=7, weight_rule='upstream'")),
    pinned("limits of a task", on_task("max_active_tis_per_dag=1, max_active_tis_per_dagrun=1")),
    pinned("owner", on_task("owner='ana'")),
    pinned("email", on_task("email=['a@example.com'], email_on_retry=False")),
    pinned("callbacks of a task", on_task("on_failure_callback=tell, on_success_callback=[tell]")),
    pinned("params of a task", on_task("params={'a': 1}")),
    pinned("docs of a task", on_task("doc_md='# It', task_display_name='It'")),
    pinned("xcom", on_task("do_xcom_push=False")),
    pinned("user", on_task("run_as_user='nobody'")),
    pinned("tags", on_dag("tags=['b', 'a']")),
    pinned("docs", on_dag("doc_md='# It', description='It', dag_display_name='It'")),
    pinned("params", on_dag("params={'a': 1}")),
    pinned("callbacks", on_dag("on_failure_callback=tell, on_success_callback=tell")),
    pinned("limits", on_dag("max_active_runs=1, max_active_tasks=2, max_consecutive_failed_dag_runs=3")),
    pinned("default arguments", on_dag("default_args={'owner': 'ana', 'retries': 1}")),
    pinned("native templates", on_dag("render_template_as_native_obj=True")),
    pinned("first pause", on_dag("is_paused_upon_creation=False, owner_links={'ana': 'https://a.example'}")),
    pinned("edge label", (("extract >> shaped", "extract >> Label('then') >> shaped"),)),
    pinned(
        "defaults written out",
        on_task(
            "trigger_rule='all_success', depends_on_past=False, wait_for_downstream=False, "
            "inlets=[], outlets=[]"
        ),
    ),
    pinned(
        "defaults of the DAG written out",
        on_dag("catchup=False, fail_fast=False, end_date=None, dagrun_timeout=None"),
    ),
    pinned(
        "look of a group", (('TaskGroup("report")', 'TaskGroup("report", tooltip="It", ui_color="#fff")'),)
    ),
]

DRAINED = [
    drained("new task", "task audit is new", at_end("publish >> EmptyOperator(task_id='audit')")),
    drained(
        "removed task",
        "task publish is gone",
        (
            ('    publish = EmptyOperator(task_id="publish")\n', ""),
            (" >> publish", ""),
        ),
    ),
    drained("renamed task", "task ingest is new", (('task_id="extract"', 'task_id="ingest"'),)),
    drained("new edge", "extract: downstream_task_ids has also publish", at_end("extract >> publish")),
    drained("edge less", "load: downstream_task_ids no longer has publish", ((" >> publish", ""),)),
    drained(
        "trigger rule",
        "load: trigger_rule is all_done instead of all_success",
        on_load("trigger_rule='all_done'"),
    ),
    drained(
        "trigger rule of a mapped task",
        "clean: trigger_rule is one_success instead of all_success",
        (("_per_dag=4", "_per_dag=4, trigger_rule='one_success'"),),
    ),
    drained("setup", "extract: is_setup is true instead of false", at_end("extract.as_setup()")),
    drained("teardown", "publish: is_teardown is true instead of false", at_end("publish.as_teardown()")),
    drained(
        "teardown that fails the run",
        "publish: on_failure_fail_dagrun is true instead of false",
        at_end("publish.as_teardown(on_failure_fail_dagrun=True)"),
    ),
    drained(
        "task group",
        "task group extras is new",
        at_end("with TaskGroup('extras'):", "    EmptyOperator(task_id='one')"),
    ),
    drained(
        "task moved into a group",
        "publish: task_group is more instead of none",
        (
            (
                '    publish = EmptyOperator(task_id="publish")',
                '    with TaskGroup("more", prefix_group_id=False):\n'
                '        publish = EmptyOperator(task_id="publish")',
            ),
        ),
    ),
    drained("renamed group", "task group report is gone", (('TaskGroup("report")', 'TaskGroup("reports")'),)),
    drained("edge to a group", "report: upstream_task_ids has also load", at_end("load >> report")),
    drained(
        "mapped", "shape: _is_mapped is true instead of false", (("shape(1)", "shape.expand(size=[1])"),)
    ),
    drained(
        "no longer mapped",
        "clean: _is_mapped is false instead of true",
        (("clean.partial(strict=True).expand(part=[1, 2])", "clean(1, True)"),),
    ),
    drained("expand input", "clean: op_kwargs_expand_input is another", (("part=[1, 2]", "part=[1, 2, 3]"),)),
    drained("expand over a task", "clean: op_kwargs_expand_input is another", (("[1, 2]", "shaped"),)),
    drained("expand input of a group", "shops: expand_input is another", (('"north", ', ""),)),
    drained(
        "group no longer mapped",
        "shops: is_mapped is false instead of true",
        (('shops.expand(shop=["north", "south"])', "shops('north')"),),
    ),
    drained(
        "depends_on_past", "load: depends_on_past is true instead of false", on_load("depends_on_past=True")
    ),
    drained(
        "wait_for_downstream",
        "load: wait_for_downstream is true instead of false",
        on_load("wait_for_downstream=True"),
    ),
    drained(
        "ignore_first_depends_on_past",
        "load: ignore_first_depends_on_past is true instead of false",
        on_load("ignore_first_depends_on_past=True"),
    ),
    drained(
        "wait_for_past_depends_before_skipping",
        "load: wait_for_past_depends_before_skipping is true instead of false",
        on_load("wait_for_past_depends_before_skipping=True"),
    ),
    drained(
        "start_date of a task",
        "load: start_date is 2026-02-01T00:00:00+00:00 instead of none",
        on_load("start_date=datetime(2026, 2, 1)"),
    ),
    drained(
        "end_date of a task",
        "load: end_date is 2099-01-01T00:00:00+00:00 instead of none",
        on_load("end_date=datetime(2099, 1, 1)"),
    ),
    drained("inlets", "load: inlets is another", on_load("inlets=[Asset('s3://in')]")),
    drained("outlets", "load: outlets is another", on_load("outlets=[Asset('s3://out')]")),
    drained(
        "empty no more",
        "publish: _is_empty is false instead of true",
        (('EmptyOperator(task_id="publish")', 'BashOperator(task_id="publish", bash_command="echo")'),),
    ),
    drained(
        "branch",
        "extract: _can_skip_downstream is true instead of false",
        (
            (
                'BashOperator(task_id="extract", bash_command="echo 1")',
                'BranchPythonOperator(task_id="extract", python_callable=tell)',
            ),
        ),
    ),
    drained(
        "sensor no more",
        "there: _is_sensor is false instead of true",
        (
            (
                'FileSensor(task_id="there", filepath="/there")',
                'BashOperator(task_id="there", bash_command="test -e /there")',
            ),
        ),
    ),
    drained(
        "sensor that reschedules",
        "there: reschedule is true instead of false",
        (('filepath="/there"', 'filepath="/there", mode="reschedule"'),),
    ),
    drained(
        "start_from_trigger",
        "waits: start_from_trigger is true instead of false",
        (('task_id="waits"', 'task_id="waits", at_once=True'),),
    ),
    drained(
        "start_trigger_args",
        "waits: start_trigger_args is another",
        (('task_id="waits"', 'task_id="waits", method="ready"'),),
    ),
    drained("fail_fast", "fail_fast is true instead of false", on_dag("fail_fast=True")),
    drained(
        "dagrun_timeout",
        "dagrun_timeout is 3600 seconds instead of none",
        on_dag("dagrun_timeout=timedelta(hours=1)"),
    ),
    drained(
        "deadline",
        "deadline is another",
        (
            *on_dag(
                "deadline=DeadlineAlert(Reference.DAGRUN_QUEUED_AT, timedelta(1), AsyncCallback('lib.x'))"
            ),
            (
                "import pendulum",
                "from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference as Reference",
            ),
        ),
        ONLY_3_2,
    ),
    drained(
        "a field in no list",
        "disable_bundle_versioning is true instead of false",
        on_dag("disable_bundle_versioning=True"),
    ),
    drained(
        "default arguments that the scheduler applies",
        "extract: depends_on_past is true instead of false",
        on_dag("default_args={'depends_on_past': True}"),
    ),
    drained(
        "graph and schedule",
        "timetable expression is 0 6 * * * instead of 0 5 * * *",
        (
            ("0 5 *", "0 6 *"),
            *at_end("publish >> EmptyOperator(task_id='audit')"),
        ),
    ),
]

CALENDAR = [
    calendar("schedule", "timetable expression is 0 6 * * * instead of 0 5 * * *", (("0 5 *", "0 6 *"),)),
    calendar(
        "no schedule",
        "timetable is airflow.timetables.simple.NullTimetable instead of "
        "airflow.timetables.trigger.CronTriggerTimetable",
        (('"0 5 * * *"', "None"),),
    ),
    calendar(
        "schedule by assets", "timetable asset_condition is another", (('"0 5 * * *"', "[Asset('s3://in')]"),)
    ),
    calendar(
        "start_date",
        "start_date is 2026-02-01T00:00:00+00:00 instead of 2026-01-01T00:00:00+00:00",
        (("2026, 1, 1", "2026, 2, 1"),),
    ),
    calendar(
        "end_date",
        "end_date is 2099-01-01T00:00:00+00:00 instead of none",
        on_dag("end_date=datetime(2099, 1, 1)"),
    ),
    calendar("catchup", "catchup is true instead of false", on_dag("catchup=True")),
    calendar(
        "timezone",
        "timezone is Europe/Berlin instead of UTC",
        (("datetime(2026, 1, 1)", "pendulum.datetime(2026, 1, 1, tz='Europe/Berlin')"),),
    ),
]

CHANGES: list[Change] = [*PINNED, *DRAINED, *CALENDAR]
