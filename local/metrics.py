"""Puts what functions measure into CloudWatch, as their logs do on AWS: lines in the embedded metric format.

`python -m local.metrics ENDPOINT FOLDER`, on a leash. Follows every log in FOLDER (`HOME/logs/functions`) and
sends each metric of each line on, within half a second. A line that is none of these is passed over.
The format:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client

SECONDS = 0.25


@dataclass
class Logs:
    """The logs of a folder, each read up to somewhere."""

    folder: Path
    read: dict[Path, int] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The whole lines that were written since the last time."""
        for log in sorted(self.folder.glob("*.log")):
            with log.open("rb") as file:
                file.seek(self.read.get(log, 0))
                body = file.read()
            whole = body[: body.rfind(b"\n") + 1]
            self.read[log] = self.read.get(log, 0) + len(whole)
            yield from whole.decode(errors="replace").splitlines()


def measured(line: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Namespace and datum of each metric in a line of a log."""
    start = line.find('{"_aws"')
    try:
        told = json.loads(line[start:]) if start >= 0 else {}
        directives = told["_aws"]["CloudWatchMetrics"] if told else ()
        at = datetime.fromtimestamp(told["_aws"]["Timestamp"] / 1000, UTC) if told else None
        for directive in directives:
            for names in directive["Dimensions"]:
                dimensions = [{"Name": name, "Value": str(told[name])} for name in names]
                for metric in directive["Metrics"]:
                    values = told[metric["Name"]]
                    datum = {
                        "MetricName": metric["Name"],
                        "Dimensions": dimensions,
                        "Timestamp": at,
                        "Unit": metric.get("Unit", "None"),
                        "Values": values if isinstance(values, list) else [values],
                    }
                    yield directive["Namespace"], datum
    except (ValueError, KeyError, TypeError):
        return


def send(cloudwatch: Any, lines: Iterator[str]) -> None:
    """Put what lines measure, in the order in which they were written."""
    for line in lines:
        together: dict[str, list[dict[str, Any]]] = {}
        for namespace, datum in measured(line):
            together.setdefault(namespace, []).append(datum)
        for namespace, data in together.items():
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)


def follow(endpoint: str, folder: Path) -> None:
    """Follow the logs until told to end. What does not get through is lost, as it may be on AWS."""
    cloudwatch, logs, never = client("cloudwatch", endpoint), Logs(folder), threading.Event()
    while not never.wait(SECONDS):
        try:
            send(cloudwatch, logs.lines())
        except (BotoCoreError, ClientError) as error:
            print(f"metrics were lost: {error}", flush=True)


if __name__ == "__main__":
    follow(sys.argv[1], Path(sys.argv[2]))
