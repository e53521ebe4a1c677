"""What the data has to be like, and that what is not so is caught."""

import sys
from pathlib import Path

# As in a release: what the DAGs share is found from their folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "dags"))
