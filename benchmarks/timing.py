"""How slowly files reach Airflow here, and what the environment is told of it."""

from __future__ import annotations

from dataclasses import dataclass

from local.options import Sync


@dataclass(frozen=True)
class Timing:
    """Seconds, but for `sync`. The last four are the keys of the same name in `environment.yaml`.

    `parse_interval` lies between two parses of a file that did not change. `sync_seconds` must not be
    below what `sync` needs: it is the promise on which the reconciler relies.
    """

    sync: Sync
    parse_interval: int
    sync_seconds: float
    clock_margin_seconds: float
    parse_seconds: float

    @property
    def limit(self) -> float:
        """Seconds after which whatever is waited for counts as failed; generous, for a busy machine."""
        return 120 + 3 * (self.sync_seconds + self.parse_seconds)

    def told(self) -> dict[str, object]:
        """For the record."""
        return {
            "DAG sync every": f"{self.sync.interval:g} s",
            "skew of the workers": f"{self.sync.skew:g} s",
            "minFileProcessInterval": f"{self.parse_interval} s",
            "syncSeconds": f"{self.sync_seconds:g}",
            "clockMarginSeconds": f"{self.clock_margin_seconds:g}",
        }


def local(dags: int) -> Timing:
    """This machine: copied each second, one clock.

    Parsing 80 unchanged files each 5 s would leave little time for new ones.
    """
    return Timing(Sync(), 5 if dags <= 25 else 10, 1.5, 0.1, 60)


def mwaa() -> Timing:
    """MWAA: https://docs.aws.amazon.com/mwaa/latest/userguide/configuring-dag-folder.html says 30 s.

    Airflow's own `min_file_process_interval` is 30 s.
    """
    return Timing(Sync.like_mwaa(), 30, 35, 5, 330)
