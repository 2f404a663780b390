"""What HCP Terraform sends, signed: notifications and requests of run tasks.

Source: "Run Tasks Integration API" and "Notification Configurations API", with their sample payloads.
"""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

TASK_SIGNATURE, NOTIFICATION_SIGNATURE = "X-TFC-Task-Signature", "X-TFE-Notification-Signature"
Json = dict[str, object]


@dataclass(frozen=True)
class Delivery:
    """A signed POST, to be sent with ``send`` or by Django's test client: body and headers as they are."""

    body: bytes
    headers: Mapping[str, str]

    def send(self, url: str, *, timeout_s: float = 10) -> tuple[int, bytes]:
        """POST it to ``url`` as Terraform does; return status and body of the answer."""
        request = urllib.request.Request(url, self.body, dict(self.headers), method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout_s) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read()


def signed(document: object, key: str, header: str) -> Delivery:
    """Return ``document`` as a POST with the HMAC-SHA512 of its bytes; without a key the signature is empty."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    signature = hmac.new(key.encode(), body, hashlib.sha512).hexdigest() if key else ""
    headers = {"Content-Type": "application/json", "User-Agent": "TFC/1.0 (+https://app.terraform.io; TFC)"}
    return Delivery(body, {**headers, header: signature})


def run_task(base: str, now: datetime, key: str, **fields: object) -> Delivery:
    """Return the request of a run task; ``fields`` give its result's id, callback and token, and replace others."""
    payload: Json = {
        "payload_version": 1,
        "stage": "post_apply",
        "capabilities": {"outcomes": True},
        "configuration_version_download_url": f"{base}/api/v2/configuration-versions/cv-1/download",
        "configuration_version_id": "cv-1",
        "is_speculative": False,
        "organization_name": "acme",
        "plan_json_api_url": f"{base}/api/v2/plans/plan-1/json-output",
        "run_app_url": f"{base}/app/acme/web/runs/run-1",
        "run_created_at": now.isoformat(),
        "run_created_by": "ada",
        "run_id": "run-1",
        "run_message": "Triggered via UI",
        "task_result_enforcement_level": "advisory",
        "vcs_branch": None,
        "vcs_commit_url": None,
        "vcs_pull_request_url": None,
        "vcs_repo_url": None,
        "workspace_app_url": f"{base}/app/acme/web",
        "workspace_id": "ws-1",
        "workspace_name": "web",
        "workspace_working_directory": "",
    }
    return signed({**payload, **fields}, key, TASK_SIGNATURE)


def notification(base: str, now: datetime, key: str, **fields: object) -> Delivery:
    """Tell of a run that was applied. ``trigger`` and ``run_status`` are its event's, the rest the payload's."""
    event = {
        "message": "Run Applied",
        "trigger": fields.pop("trigger", "run:completed"),
        "run_status": fields.pop("run_status", "applied"),
        "run_updated_at": now.isoformat(),
        "run_updated_by": "ada",
    }
    payload: Json = {
        "payload_version": 1,
        "notification_configuration_id": "nc-1",
        "run_url": f"{base}/app/acme/web/runs/run-1",
        "run_id": "run-1",
        "run_message": "Triggered via UI",
        "run_created_at": now.isoformat(),
        "run_created_by": "ada",
        "workspace_id": "ws-1",
        "workspace_name": "web",
        "organization_name": "acme",
        "notifications": [event],
    }
    return signed({**payload, **fields}, key, NOTIFICATION_SIGNATURE)


def notification_verification(base: str, now: datetime, key: str) -> Delivery:
    """Return what is sent when a notification is saved: nothing but its trigger is set."""
    names = ("run_url", "run_id", "run_message", "run_created_at", "run_created_by")
    nothing = dict.fromkeys((*names, "workspace_id", "workspace_name", "organization_name"))
    event = {
        "message": "Verification of acme", "trigger": "verification", "run_status": None,
        "run_updated_at": None, "run_updated_by": None,
    }  # fmt: skip
    return notification(base, now, key, **nothing, notifications=[event])


def drift(base: str, key: str) -> Delivery:
    """Return a notification of an assessment, which has another form (payload version 2)."""
    payload: Json = {
        "payload_version": "2",
        "notification_configuration_id": "nc-1",
        "notification_configuration_url": f"{base}/app/acme/web/settings/notifications/nc-1",
        "trigger_scope": "assessment",
        "trigger": "assessment:drifted",
        "message": "Drift Detected",
        "details": {"new_assessment_result": {"id": "asmtres-1", "drifted": True}, "workspace_id": "ws-1"},
    }
    return signed(payload, key, NOTIFICATION_SIGNATURE)
