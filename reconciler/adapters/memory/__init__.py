"""An in-memory twin of every port, held to the same contract suites as the real adapters.

For tests and simulations; a twin gives every guarantee of its port and can be told to fail
(``failures.Twin.fail_next``). Nothing here survives the process.
"""

from reconciler.adapters.memory.airflow import MemoryAirflow
from reconciler.adapters.memory.alarms import MemoryAlarms
from reconciler.adapters.memory.artifact_store import MemoryArtifactStore
from reconciler.adapters.memory.clock import MemoryClock
from reconciler.adapters.memory.dag_folder import MemoryDagFolder
from reconciler.adapters.memory.environment_repo import MemoryEnvironmentRepo, MemoryReverter
from reconciler.adapters.memory.event_bus import MemoryEventBus
from reconciler.adapters.memory.health_sources import MemoryHealthSources
from reconciler.adapters.memory.secrets import MemorySecrets
from reconciler.adapters.memory.state_store import MemoryStateStore
from reconciler.adapters.memory.tick_queue import MemoryTickQueue

__all__ = [
    "MemoryAirflow",
    "MemoryAlarms",
    "MemoryArtifactStore",
    "MemoryClock",
    "MemoryDagFolder",
    "MemoryEnvironmentRepo",
    "MemoryEventBus",
    "MemoryHealthSources",
    "MemoryReverter",
    "MemorySecrets",
    "MemoryStateStore",
    "MemoryTickQueue",
]
