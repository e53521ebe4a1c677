"""What runs in Great Expectations' own interpreter, without Airflow; `lib.quality.checkpoint` calls it."""
