"""Run task requests of HCP Terraform and Terraform Enterprise.

Source: "Run Tasks Integration API", Run Task Request. The plan and the configuration are never fetched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from compliance.terraform.documents import BadDocument
from compliance.terraform.payloads import (
    Payload,
    identifier,
    moment,
    needed_text,
    one_of,
    payload_of,
    version_of,
    web_address,
)

STAGES = ("pre_plan", "post_plan", "pre_apply", "post_apply")
LEVELS = ("mandatory", "advisory")
TEST_TOKEN = "test-token"
"""The access token of the request that is sent when a run task is made (terraform-run-task-scaffolding-go)."""
LONGEST_TOKEN = 1_000


@dataclass(frozen=True, slots=True)
class RunTask:
    """What is kept of a request. With ``verification`` nothing else is set: answer 200 and do nothing.

    ``access_token`` is a secret that lives ten minutes. ``callback_url`` comes from the network: ask
    payloads.is_at with the connection's host before it is called. ``outcomes`` says that details may be sent.
    """

    verification: bool = False
    stage: str = ""
    task_result_id: str = ""
    callback_url: str = ""
    access_token: str = field(default="", repr=False)
    enforcement_level: str = ""
    outcomes: bool = False
    speculative: bool = False
    organization_name: str = ""
    workspace_id: str = ""
    workspace_name: str = ""
    run_id: str = ""
    run_created_at: datetime | None = None


def read(document: object) -> RunTask:
    """Return what a request, a parsed JSON value, says. Raises BadDocument, which names the field."""
    payload = payload_of(document)
    if version_of(payload) != 1:
        raise BadDocument("payload_version", "Only payload_version 1 of run tasks is known here.")
    token = access_token(payload)
    if token == TEST_TOKEN:
        return RunTask(verification=True)
    return RunTask(
        stage=one_of(payload, "stage", STAGES),
        task_result_id=identifier(payload, "task_result_id"),
        callback_url=web_address(payload, "task_result_callback_url"),
        access_token=token,
        enforcement_level=one_of(payload, "task_result_enforcement_level", LEVELS),
        outcomes=takes_outcomes(payload),
        speculative=payload.get("is_speculative") is True,
        organization_name=needed_text(payload, "organization_name"),
        workspace_id=identifier(payload, "workspace_id"),
        workspace_name=needed_text(payload, "workspace_name"),
        run_id=identifier(payload, "run_id"),
        run_created_at=moment(payload, "run_created_at"),
    )


def access_token(payload: Payload) -> str:
    """Return the token; it goes into a header, so it is plain ASCII without spaces. Raises BadDocument."""
    value = payload.get("access_token")
    usable = isinstance(value, str) and 0 < len(value) <= LONGEST_TOKEN and value.isascii() and value.isprintable()
    if not usable or " " in str(value):
        raise BadDocument("access_token", "access_token must be a text without spaces.")
    return str(value)


def takes_outcomes(payload: Payload) -> bool:
    """Tell whether the sender takes detailed outcomes; older ones send no capabilities at all."""
    capabilities = payload.get("capabilities")
    if capabilities is not None and not isinstance(capabilities, Mapping):
        raise BadDocument("capabilities", "capabilities must be an object.")
    return capabilities is not None and capabilities.get("outcomes") is True
