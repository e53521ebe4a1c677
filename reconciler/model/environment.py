"""What an environment is: its Airflow, how changes reach it, how long to wait. Read from Git."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from reconciler.model.health import HealthSpec
from reconciler.model.holds import Holds
from reconciler.model.people import Email, Role
from reconciler.model.pointer import Pointer
from reconciler.model.policy import Policy
from reconciler.model.value import Value

EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,29}$")]
"""Lower case letters, digits and dashes; also the folder's name."""


MAX_PATH = 64
"""``airflow:InvokeRestApi`` takes paths of so many characters (botocore's service model of MWAA)."""

MAX_DAG_ID = MAX_PATH - len("/dags//assets/queuedEvents")
"""What the longest path about a DAG leaves for its id."""


class MwaaApi(Value):
    """Airflow's REST API through ``airflow:InvokeRestApi`` (no network path to the web server needed)."""

    environment: str = Field(min_length=1, max_length=80, description="Name of the MWAA environment.")


class HttpApi(Value):
    """Airflow's REST API over plain HTTP(S), for an Airflow that is not MWAA."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")] = Field(
        description="Base URL of Airflow, without /api/v2."
    )
    token_secret: str | None = Field(
        default=None, description="Secrets Manager id of a bearer token; without it GET /auth/token is asked."
    )


class AirflowApi(Value):
    """How to ask Airflow: exactly one of the two."""

    mwaa: MwaaApi | None = Field(default=None, description="Through MWAA's API, with IAM.")
    http: HttpApi | None = Field(default=None, description="Straight over HTTP(S).")

    @model_validator(mode="after")
    def _exactly_one(self) -> AirflowApi:
        if (self.mwaa is None) == (self.http is None):
            raise ValueError("exactly one of the keys mwaa and http")
        return self


class DagFolderSpec(Value):
    """The S3 folder that Airflow's containers copy their DAGs from."""

    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = Field(
        description="Name of the S3 bucket."
    )
    prefix: Annotated[str, StringConstraints(pattern=r"^(?:[A-Za-z0-9_.-]+/)+$")] = Field(
        default="dags/", description="Folder in the bucket, with a slash at its end."
    )


class InFlight(StrEnum):
    """What a change of a DAG does about its runs in flight."""

    PIN = "pin"
    DRAIN = "drain"


class NewDags(StrEnum):
    """What becomes of a DAG that comes here for the first time."""

    AS_DECLARED = "as-declared"
    ACTIVE = "active"


class DagSpec(Value):
    """What is special about one DAG of an environment."""

    in_flight: InFlight = Field(description="As of the environment, for this DAG alone.")


class AirflowSpec(Value):
    """One Airflow: its version, its API, its DAG folder and how slowly files reach its containers."""

    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")] = Field(
        description="Version of Airflow; releases are sealed with the same one."
    )
    api: AirflowApi = Field(description="How Airflow's REST API is reached.")
    dag_folder: DagFolderSpec = Field(description="Where Airflow's containers copy their DAGs from.")
    sync_seconds: float = Field(
        default=35,
        ge=0,
        le=600,
        description="Longest time until every container has a file that was written.",
    )
    parse_seconds: float = Field(
        default=330,
        gt=0,
        le=1800,
        description="Longest time from a file's arrival until Airflow has parsed it. "
        "Airflow looks for new files every 300 s unless told otherwise.",
    )
    clock_margin_seconds: float = Field(
        default=5,
        ge=0.1,
        le=60,
        description="How far the clocks of Airflow's containers and ours may be apart.",
    )
    in_flight: InFlight = Field(
        default=InFlight.PIN,
        description="pin: a change whose graph is the same is live at once, and runs in flight finish on the "
        "release they started with. drain: every change waits until its DAG has no run in flight.",
    )
    new_dags: NewDags = Field(
        default=NewDags.AS_DECLARED,
        description="as-declared: a new DAG is paused or not as its file and Airflow say. active: it is "
        "un-paused once Airflow was seen running it as deployed.",
    )
    dags: dict[str, DagSpec] = Field(
        default={}, max_length=500, description="DAGs that are treated otherwise, by their id."
    )
    drain_seconds: float = Field(
        default=14_400,
        gt=0,
        le=604_800,
        description="So long may runs in flight hold back a change of their DAG before people are told.",
    )
    rollback_drain_seconds: float = Field(
        default=60,
        ge=0,
        le=3_600,
        description="So long are runs of a release that is rolled back given to end; then they begin anew on "
        "the release before it.",
    )

    def in_flight_of(self, dag_id: str) -> InFlight:
        """What a change of one DAG does about its runs in flight."""
        special = self.dags.get(dag_id)
        return self.in_flight if special is None else special.in_flight

    @property
    def seen_seconds(self) -> float:
        """Longest time from the write of a file until Airflow has parsed it."""
        return self.sync_seconds + self.parse_seconds


class Environment(Value):
    """``environments/<env>/environment.yaml``."""

    api_version: Literal["reconciler/v1"] = Field(description="Version of this file's format.")
    kind: Literal["Environment"] = Field(description="What this file declares.")
    name: EnvironmentName = Field(description="Name of the environment, equal to that of its folder.")
    airflow: AirflowSpec = Field(description="Its Airflow.")
    policy: Policy = Field(
        default_factory=Policy, description="What is demanded of a change before it is made."
    )
    health: HealthSpec = Field(
        default_factory=HealthSpec, description="What has to be so for a release to count as well."
    )


class ReconcilerConfig(Value):
    """``environments/reconciler.yaml``: what all environments share."""

    api_version: Literal["reconciler/v1"] = Field(description="Version of this file's format.")
    kind: Literal["Reconciler"] = Field(description="What this file declares.")
    promotion: tuple[EnvironmentName, ...] = Field(
        min_length=1, description="The environments in the order in which a release travels."
    )
    roles: dict[Role, tuple[Email, ...]] = Field(
        default={}, max_length=50, description="Who has which role, by the addresses in allowed_signers."
    )
    reverter: Email | None = Field(
        default=None,
        description="The address of the identity that reverts when an alarm goes off; its key is in "
        "allowed_signers. Nothing is taken from it but a release that was Stable here.",
    )

    @field_validator("promotion")
    @classmethod
    def _no_duplicates(cls, names: tuple[EnvironmentName, ...]) -> tuple[EnvironmentName, ...]:
        if len(set(names)) != len(names):
            raise ValueError("each environment once")
        return names


class Desired(Value):
    """All that one commit says about one environment. ``signers``: the text of ``allowed_signers``.

    ``upstream``: the environment before it in the order of promotion. ``reverter``: who reverts by itself.
    """

    environment: Environment
    pointer: Pointer
    holds: Holds = Holds()
    roles: dict[Role, tuple[Email, ...]] = {}
    signers: str = ""
    upstream: EnvironmentName | None = None
    reverter: Email | None = None
