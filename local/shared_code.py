"""Lets what runs here import `lib`, which the DAGs share, as a release does: from their folder."""

from __future__ import annotations

import sys

from local.options import ROOT

if str(ROOT / "dags") not in sys.path:
    sys.path.insert(0, str(ROOT / "dags"))
