"""Each minute, and when something was deployed: is what is live well? Then goes on with alarms that waited.

One environment that does not answer holds up no other: they are looked at side by side.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.telemetry import begin, emit, logger
from reconciler import bootstrap
from reconciler.engine.looking import Look, look
from reconciler.engine.readiness import try_reverter
from reconciler.engine.recollection import Recollection
from reconciler.engine.reverting import look_again
from reconciler.engine.world import Lookout
from reconciler.model.errors import ReconcilerError

_KNOWN = defaultdict[str, Recollection](Recollection)
"""What this process remembers of each environment."""


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """``event`` is the schedule's, or one of our own that names its environment.

    Raises what looking at an environment raised that is not understood: our own bug, which the function's
    errors count.
    """
    begin(context)
    lookout = bootstrap.lookout(holder=context.aws_request_id)
    environments = _meant(event, bootstrap.settings().environments)
    bugs = list[Exception]()
    with ThreadPoolExecutor(max_workers=8) as pool:
        looks = {name: pool.submit(look, lookout, name, _KNOWN[name]) for name in environments}
    for name, under_way in looks.items():
        with logger.append_context_keys(environment=name):
            try:
                _tell(under_way.result())
            except ReconcilerError as error:
                # Without a metric: that nobody has looked rings an alarm of its own.
                logger.error(str(error))
            except Exception as bug:
                logger.exception("a look failed")
                bugs.append(bug)
            _again(lookout, name)
    if bugs:
        raise bugs[0]


def _meant(event: dict[str, Any], served: tuple[str, ...]) -> tuple[str, ...]:
    """The one that an event of ours is about, or all."""
    data = (event.get("detail") or {}).get("customData") or {}
    return tuple(name for name in served if name == data.get("environment")) or served


def _tell(seen: Look) -> None:
    emit(seen.metrics)
    logger.info(seen.message)
    if seen.trouble:
        logger.error(seen.trouble)


def _again(lookout: Lookout, environment: str) -> None:
    try:
        logger.info(look_again(lookout, environment))
        if said := try_reverter(lookout, environment):
            logger.info(said)
    except ReconcilerError as error:
        logger.error(str(error))
