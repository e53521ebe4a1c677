"""The table of what each field of Airflow's serialized DAG counts as, for `serialized_dag` and `structure`.

*Structure* is what the scheduler applies to runs in flight, *calendar* when runs are due, *neutral* what only
a task's own process, the executor or the pages for people look at. A field that is not here counts as
structure. The names are those of Airflow 3.0 and 3.2, whose serialized forms differ.
"""

from __future__ import annotations

from typing import Any

Fields = dict[str, Any]


def _names(*lines: str) -> frozenset[str]:
    return frozenset(name for line in lines for name in line.split())


# Structure, with Airflow's defaults. A mapped task has many of its fields in its partial_kwargs.
TASK_STRUCTURE: Fields = {
    "downstream_task_ids": [],
    "trigger_rule": "all_success",
    "is_setup": False,
    "is_teardown": False,
    "on_failure_fail_dagrun": False,
    "_is_mapped": False,
    "_needs_expansion": False,
    "expand_input": None,
    "op_kwargs_expand_input": None,
    "depends_on_past": False,
    "ignore_first_depends_on_past": False,
    "wait_for_downstream": False,
    "wait_for_past_depends_before_skipping": False,
    "start_date": None,
    "end_date": None,
    "_is_empty": False,
    "_can_skip_downstream": False,
    "_is_sensor": False,
    "reschedule": False,
    "start_from_trigger": False,
    "start_trigger_args": None,
    "inlets": [],
    "outlets": [],
}
DAG_STRUCTURE: Fields = {
    "fail_fast": False,
    "dagrun_timeout": None,
    "deadline": None,
    "allowed_run_types": None,
    "disable_bundle_versioning": False,
}
GROUP_STRUCTURE: Fields = {
    "is_mapped": False,
    "expand_input": None,
    "upstream_group_ids": [],
    "downstream_group_ids": [],
    "upstream_task_ids": [],
    "downstream_task_ids": [],
}
CALENDAR: Fields = {
    "timetable": None,
    "start_date": None,
    "end_date": None,
    "catchup": False,
    "timezone": "UTC",
}
DEFAULTS: Fields = CALENDAR | GROUP_STRUCTURE | DAG_STRUCTURE | TASK_STRUCTURE

# Besides these, the template fields of a task are neutral; its serialized form lists them by name.
TASK_NEUTRAL = _names(
    # where it runs, and before which others
    "pool pool_slots priority_weight weight_rule queue executor executor_config resources run_as_user",
    # how often, how long, how many at a time
    "retries retry_delay retry_exponential_backoff max_retry_delay execution_timeout",
    "max_active_tis_per_dag max_active_tis_per_dagrun",
    # what it does
    "task_type _task_module _operator_name operator_class python_callable_name params multiple_outputs",
    "do_xcom_push allow_nested_operators render_template_as_native_obj template_fields template_ext",
    "template_fields_renderers map_index_template _pre_execute_hook _post_execute_hook",
    "_disallow_kwargs_override _expand_input_attr",
    # whom it tells
    "email email_on_failure email_on_retry",
    "on_execute_callback on_failure_callback on_success_callback on_retry_callback on_skipped_callback",
    "has_on_execute_callback has_on_failure_callback has_on_success_callback has_on_retry_callback",
    "has_on_skipped_callback",
    # what people see
    "owner doc doc_md doc_json doc_yaml doc_rst ui_color ui_fgcolor task_display_name _task_display_name",
    "label _operator_extra_links operator_extra_links _logger_name",
    # part of each place's name, and told field by field
    "task_id partial_kwargs",
)
DAG_NEUTRAL = _names(
    "dag_id fileloc relative_fileloc _processor_dags_folder description doc_md tags params default_args",
    "access_control owner_links dag_display_name edge_info dag_dependencies is_paused_upon_creation",
    "max_active_runs max_active_tasks max_consecutive_failed_dag_runs render_template_as_native_obj",
    "has_on_success_callback has_on_failure_callback",
    # told task by task, group by group
    "tasks task_group",
)
GROUP_NEUTRAL = _names(
    "_group_id group_display_name prefix_group_id tooltip ui_color ui_fgcolor children",
)

UNORDERED = frozenset({"inlets", "outlets"})
"""Lists whose order means nothing."""

AIRFLOW = "airflow"
"""The place of the Airflow version: what two versions serialize cannot be compared."""

TASK = "downstream_task_ids"
"""The field that every task has in the structure, also at its default: it says that the task exists."""

GROUP = "parent_group"
"""The same for task groups: the id of the group that it is in, "" for none."""

MEMBER = "task_group"
"""The group that a task is in, if any."""

LONGEST = 60
"""Bytes of a value that is kept as it is, and shown to people."""

DIGEST = "sha256:"
"""So a value begins that is too long to be kept; else it is canonical JSON."""
