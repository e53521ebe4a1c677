"""What a stack is made of: values that a caller may change. Used by `local.stack` and whoever starts one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.tick_time import TickTime

if TYPE_CHECKING:
    from local.stack_info import StackInfo

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / "environments"


@dataclass(frozen=True)
class MwaaEnvironment:
    """An environment's MWAA: its name and the bucket it copies DAGs from, as `environment.yaml` says."""

    name: str
    bucket: str

    @staticmethod
    def of(environment: str) -> MwaaEnvironment:
        """As the files in `environments/` name them."""
        return MwaaEnvironment(f"finedge-{environment}", f"finedge-{environment}-airflow")


@dataclass(frozen=True)
class Sync:
    """How containers copy the DAG bucket. `interval` and `skew` in seconds.

    `skew` > 0: the dag-processor and the workers have a folder each, copied that far apart.
    """

    interval: float = 1.0
    skew: float = 0.0

    @staticmethod
    def like_mwaa() -> Sync:
        """Every 30 s, the workers half a period behind the dag-processor."""
        return Sync(interval=30.0, skew=15.0)


@dataclass(frozen=True)
class StackOptions:
    """What to start.

    `environments`: environment name -> its MWAA; each gets an Airflow of its own (0.4 GB).
    `later`: those of them whose Airflow is only started by `Stack.begin`.
    `seed`: a folder whose content becomes the first commit of the environment repo, there in the folder
    `seed_below` (empty: in its root). `adapt` may edit it before: it is given the repo's folder.
    `airflow_env`: further variables for Airflow, such as AIRFLOW_CONN_*; the text `{postgres}` in a value
    becomes `user@host:port` of the stack's PostgreSQL, `{warehouse}` and `{aws}` the `host:port` of these.
    `refresh_interval`: seconds between two looks for new files. Airflow 3.0.6 queues a new file again at each
    look until it is parsed: where parsing takes long, look seldom.
    `parse_interval`: seconds between two parses of a file that did not change. Parsing 25 files each second
    would leave no time for a new one.
    `prepare` is called when all answers, and before the stack counts as up.
    `providers`: Airflow has those that the platform's pipelines need, and takes longer for everything.
    `airflow`, `postgres`: False leaves them out (a light stack for tests of the rest). `warehouse`: True adds
    Snowflake's protocol on DuckDB.
    `lease_seconds`: for so long nobody takes over from a tick that was killed.
    `template`, `code`: the SAM template and the folder that holds its handlers.
    """

    environments: Mapping[str, MwaaEnvironment] = field(
        default_factory=lambda: {"dev": MwaaEnvironment.of("dev")}
    )
    later: Collection[str] = ()
    seed: Path | None = None
    seed_below: str = ""
    adapt: Callable[[Path], object] | None = None
    airflow_env: Mapping[str, str] = field(default_factory=dict)
    sync: Sync = field(default_factory=Sync)
    refresh_interval: int = 1
    parse_interval: int = 5
    prepare: Callable[[StackInfo], object] | None = None
    providers: bool = False
    airflow: bool = True
    postgres: bool = True
    warehouse: bool = False
    lease_seconds: float = TickTime.lease_seconds
    template: Path = ROOT / "template.yaml"
    code: Path = ROOT
