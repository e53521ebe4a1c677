"""`make platform`: all 25 pipelines, deployed by a commit and run for two data intervals on the local stack.

Enters as people do: a commit deploys, Airflow's REST API starts runs. What it tells it has from Airflow and
from the warehouse.
"""

import local.shared_code  # noqa: F401  lib is found from now on
