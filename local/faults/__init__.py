"""Shows that each fault which can be planted in the sources is caught by its rule, and by no other.

The pipelines' own steps are run by hand, without Airflow: stage, check, publish, build, check.
"""

from __future__ import annotations

import sys

from local.options import ROOT

# As in a release: what the DAGs share is found from their folder.
if str(ROOT / "dags") not in sys.path:
    sys.path.insert(0, str(ROOT / "dags"))
