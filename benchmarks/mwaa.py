"""commit → live and revert → live with MWAA's timing, taken apart. Takes minutes: it waits."""

from __future__ import annotations

from benchmarks import dissect, timing
from benchmarks.options import Options
from benchmarks.reconciled import reconciled
from benchmarks.result import Result

DAGS = 25


def run(options: Options) -> Result:
    """Containers copy every 30 s, half a period apart, and a file is parsed every 30 s."""
    how, commits, reverts = timing.mwaa(), [], []
    with reconciled(options.folder, DAGS, how, options.say) as side:
        first, _ = side.code.publish("1.0.0")
        options.say("the first deployment")
        side.deploy("1.0.0")
        for number in range(options.times(1, 3)):
            version = f"1.{number + 1}.0"
            release, _ = side.code.publish(version)
            commits.append(dissect.deploy(side, version, release))
            options.say(f"{version}: live after {commits[-1].live:.0f} s")
            reverts.append(dissect.revert(side, "1.0.0", first))
            options.say(f"back at 1.0.0 after {reverts[-1].live:.0f} s")
    table = dissect.table("25 DAGs, all changed", {"commit": commits, "revert": reverts})
    return Result((table,), {"DAGs": DAGS, "repetitions": options.times(1, 3), **how.told()})
