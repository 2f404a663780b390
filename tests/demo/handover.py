"""The handover gate as an operator and a pipeline use it: what both the demonstration and its test do."""

import ipaddress
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Any

from tests.demo.product import ROOT, Api, Failed, Product
from tests.peers.vm import USER, Key

DOCUMENTS = ROOT / "tests/data/terraform"
WAIT_S = 120
MINIMUM_SCORE = 70
PEOPLE = """
import json
from datetime import timedelta
from django.utils import timezone
from compliance.services.own_scans import operators_organization
from organizations.models.users import SystemActor, User
from organizations.services.memberships import add_member
from organizations.services.tokens import issue_token

actor, organization, now = SystemActor("demonstration"), operators_organization(), timezone.now()
keys, admin = {}, User.objects.create_user("ann")
for user, role in ((admin, "admin"), (User.objects.create_user("pipeline"), "provisioner")):
    add_member(actor=actor, organization=organization, user=user, role=role)
    keys[user.username] = issue_token(
        actor=admin, username=user.username, name=user.username, organization=organization,
        expires_at=now + timedelta(hours=1), now=now,
    )[1]
print(json.dumps({"organization": organization.pk, **keys}))
"""
"""An admin and a pipeline of the operator's organization: that one alone may reach the VMs, which are at loopback."""


@dataclass(frozen=True)
class Posted:
    """What curl was answered."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """A running product with provisioning set up; ``ann`` is an admin, ``pipeline`` may submit runs and read."""

    product: Product
    organization: int
    ann: Api
    pipeline_key: str

    @property
    def pipeline(self) -> Api:
        return Api(self.product.url, self.pipeline_key)

    def post(self, document: dict[str, Any], *, project: str, run_id: str, key: str = "") -> Posted:
        """Post ``document`` with curl, as the pipeline unless another key is given."""
        query = f"organization={self.organization}&project={project}&run_id={run_id}&format=show-json"
        url = f"{self.product.url}/api/v1/provisioning/runs/?{query}"
        return curl(url, key or self.pipeline_key, json.dumps(document))

    def enter(self, project: str, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Post ``document``, which has one VM; return the number of the run and the VM. Raises Failed."""
        posted = self.post(document, project=project, run_id="run-1")
        if posted.status != 202:
            raise Failed(f"The run was answered {posted}.")
        (vm,) = self.vms(project)
        return posted.body["id"], vm

    def vms(self, project: str) -> list[dict[str, Any]]:
        return list(self.pipeline.call("GET", f"provisioning/vms/?project={project}&page_size=100"))

    def meet(self, vm: dict[str, Any], port: int) -> None:
        """Have the admin enter where the VM's host is met, as for one behind a bastion."""
        self.ann.call("PATCH", f"hosts/{vm['host']}/", json={"address": "127.0.0.1", "port": port})

    def handover(self, vm: int) -> dict[str, Any]:
        return dict(self.pipeline.call("GET", f"provisioning/vms/{vm}/handover/"))

    def wait(self, vm: int, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the gate's answer for ``vm`` once it is as wanted. Raises Failed after WAIT_S."""
        deadline = time.monotonic() + WAIT_S
        while not until(answer := self.handover(vm)):
            if time.monotonic() > deadline:
                raise Failed(f"VM {vm} is still {answer}: {self.ann.call('GET', f'provisioning/vms/{vm}/')}")
            time.sleep(0.5)
        return answer

    def results(self, scan: int) -> list[dict[str, Any]]:
        return list(self.pipeline.call("GET", f"scans/{scan}/results/")["results"])

    def gate(self, run: int, *more: str) -> subprocess.CompletedProcess[str]:
        return self.product.manage("gate", "--run", f"id:{run}", *more, check=False)


def prepared(product: Product, key: Key) -> Stage:
    """Make the people, store the credential and switch the gate on; everything else stays at its default."""
    made = json.loads(product.said(PEOPLE))
    stage = Stage(product, made["organization"], Api(product.url, made["ann"]), made["pipeline"])
    credential = stage.ann.call(
        "POST", "credentials/",
        json={
            "organization": stage.organization, "name": "new VMs", "username": USER, "private_key": key.private,
            "sudo": "nopasswd",
        },
    )  # fmt: skip
    stage.ann.call(
        "PATCH", f"organizations/{stage.organization}/compliance-settings/",
        json={
            "enabled": True, "enforcement_mode": "block", "minimum_score": MINIMUM_SCORE, "block_on_critical": True,
            "ssh_user": USER, "ssh_credential": credential["id"],
        },
    )  # fmt: skip
    return stage


def curl(url: str, key: str, body: str) -> Posted:
    """Post ``body`` with the real curl; the key goes in by its configuration, where no list of processes shows it."""
    with NamedTemporaryFile("w", prefix="plumbline-state-") as file:
        file.write(body)
        file.flush()
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--max-time", "60", "--config", "-", "--data-binary", f"@{file.name}",
             "--header", "Content-Type: application/json", "--write-out", "\n%{http_code}", url],
            input=f'header = "Authorization: Token {key}"\n', text=True, capture_output=True, check=True,
        )  # fmt: skip
    text, _, status = done.stdout.rpartition("\n")
    return Posted(int(status), json.loads(text) if text else {})


# --- Documents --------------------------------------------------------------------------------------------------------


def applied(name: str) -> dict[str, Any]:
    """Return the document ``name`` of tests/data/terraform with every address in it turned into loopback.

    Those are never taken from a state, so no machine of somebody else is ever called.
    """
    document: dict[str, Any] = at_loopback(json.loads((DOCUMENTS / name).read_text()))
    return document


def shop_state() -> dict[str, Any]:
    """Return a state with one VM, on AWS."""
    return only(applied("show_opentofu.json"), 'aws_instance.web["a \\"quoted\\" key"]')


def billing_state() -> dict[str, Any]:
    """Return a state with one VM, on Google Cloud; another one than that of show_gcp.json."""
    document = only(applied("show_gcp.json"), "google_compute_instance.api")
    (resource,) = document["values"]["root_module"]["resources"]
    resource["values"] |= {"instance_id": "4211337766554439999", "name": "billing-1", "hostname": ""}
    return document


def only(document: dict[str, Any], address: str) -> dict[str, Any]:
    """Take every resource but that at ``address`` of the root module out of ``document``, and return it."""
    root = document["values"]["root_module"]
    root["resources"] = [one for one in root["resources"] if one["address"] == address]
    root["child_modules"] = []
    return document


def at_loopback(value: Any) -> Any:
    match value:
        case dict():
            return {name: at_loopback(one) for name, one in value.items()}
        case list():
            return [at_loopback(one) for one in value]
        case str() if is_address(value):
            return "127.0.0.1"
        case _:
            return value


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True
