"""Prints what Airflow's own timetables promise. Run by each Airflow's Python; never imported.

Reads `{name: {"schedule": Python, "start": ISO or null, "end": ISO or null, "from": ISO, "until": ISO}}` from
standard input, prints `{name: [due, ...]}` of the runs due in that time.
"""

import json
import sys
from datetime import datetime, timedelta

import pendulum
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, MultipleCronTriggerTimetable

NAMES = {
    "CronDataIntervalTimetable": CronDataIntervalTimetable,
    "CronTriggerTimetable": CronTriggerTimetable,
    "MultipleCronTriggerTimetable": MultipleCronTriggerTimetable,
    "timedelta": timedelta,
}


def moment(text):
    return None if text is None else pendulum.instance(datetime.fromisoformat(text)).in_timezone("UTC")


def ticks(case):
    timetable = eval(case["schedule"], dict(NAMES))
    begin, end = moment(case["from"]), moment(case["until"])
    earliest = max(
        filter(None, (moment(case["start"]), begin.subtract(days=40 if " 28 " in case["schedule"] else 2)))
    )
    restriction = TimeRestriction(earliest=earliest, latest=moment(case["end"]), catchup=True)
    last, found = None, []
    while True:
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        if info is None or info.run_after > end:
            return found
        last = DataInterval(info.data_interval.start, info.data_interval.end)
        if info.run_after > begin:
            found.append(info.run_after.isoformat())


json.dump({name: ticks(case) for name, case in json.load(sys.stdin).items()}, sys.stdout)
