"""Shows that each fault which can be planted in the sources is caught by its rule, and by no other.

The pipelines' own steps are run by hand, without Airflow: stage, check, publish, build, check.
"""

import local.shared_code  # noqa: F401  lib is found from now on
