"""The warehouse's record: Airflow's connection to it, and where the reconciler is told to read it."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.aws import client
from local.demo.environment_repo import ENVIRONMENT
from local.demo.story import Story
from local.warehouse import CREDENTIALS

DATABASE, SECRET, DATA = "FINEDGE_DEV", "finedge/record-key", "data"
"""`DATA`: the note that says that there is a warehouse."""

BAKE_MINUTES = 1.5
"""Two loads, one after the other, have to be over before a release counts as good."""

_WHO = "{user}:{password}".format(**CREDENTIALS)
_WHERE = f"account={CREDENTIALS['account']}&protocol=http&database={DATABASE}"
AIRFLOW_ENV = {"AIRFLOW_CONN_WAREHOUSE": f"snowflake://{_WHO}@{{warehouse}}/OPS?{_WHERE}"}
RECORD = """\
  record:
    account: {account}
    user: {user}
    database: {database}
    keySecret: {secret}
    host: {host}:{port}
"""


def name(story: Story) -> None:
    """A person puts a key into a secret and says where the record is."""
    secrets = client("secretsmanager", story.info.aws_endpoint)
    secrets.create_secret(Name=SECRET, SecretString=_key())
    place = {**story.info.warehouse, "database": DATABASE, "secret": SECRET}
    story.environment.replace(ENVIRONMENT, r"\n    minutes: \S+", f"\n    minutes: {BAKE_MINUTES}")
    story.environment.append(ENVIRONMENT, RECORD.format(**place))
    story.environment.commit("Read what pipelines write down")
    story.push("Read what pipelines write down")
    story.notes[DATA] = True


def _key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()
