"""`make demo`: the story of a deployment on the real local stack, each step checked from outside.

Enters only as people and machines do: `git push`, a webhook, the command line. Its checks ask Airflow, Git,
S3 and PostgreSQL (and `reconciler events` for what a person is told), never the reconciler's own state.
"""
