"""A Proxmox VE cluster that answers from a few rows.

Routes, shapes and texts are from knowledge of Proxmox VE 8, not recorded from a server.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.https import Asked, Reply, https_server
from tests.peers.certificates import Certificate

TOKEN_ID, TOKEN_SECRET = "scan@pve!ci", "11111111-2222-3333-4444-555555555555"
USER, PASSWORD, TICKET = "scan@pve", "correct horse+=&", "PVE:scan@pve:65AB::sig/+=="
MAC, OTHER_MAC = "BC:24:11:00:00:01", "02:42:ac:11:00:02"


class Failure(Exception):
    """Proxmox words an error in the status line."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason


@dataclass
class Cluster:
    """``vms``: rows of /cluster/resources; ``answers``: {path after node/type/vmid: data or Failure}, for all VMs."""

    url: str = ""
    vms: list[Any] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    whole: Reply | None = None  # in the place of every answer
    asked: list[Asked] = field(default_factory=list)

    def clear(self) -> None:
        self.vms, self.answers, self.whole, self.asked = [], {}, None, []

    def add(self, vmid: object, **values: object) -> None:
        """Add a running VM of a Debian guest; ``values`` change its row."""
        row = {"vmid": vmid, "node": "pve1", "type": "qemu", "status": "running", "name": f"vm{vmid}", "template": 0}
        self.vms.append(row | values)

    @property
    def paths(self) -> list[str]:
        return [asked.path.removeprefix("/api2/json") for asked in self.asked]

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if self.whole is not None:
            return self.whole
        kind = {"Content-Type": "application/json;charset=UTF-8"}
        try:
            return Reply(200, json.dumps({"data": self._route(asked)}).encode(), kind)
        except Failure as failure:
            return Reply(failure.status, b'{"data":null}', kind, failure.reason)

    def _route(self, asked: Asked) -> Any:
        url = urlsplit(asked.path)
        assert url.path.startswith("/api2/json/")
        parts = url.path.removeprefix("/api2/json/").split("/")
        if (asked.method, parts) == ("POST", ["access", "ticket"]):
            return self._ticket({name: values[0] for name, values in parse_qs(asked.body.decode()).items()})
        self._check(asked)
        match parts:
            case ["version"]:
                return {"version": "8.2.4", "release": "8.2", "repoid": "faa83925c9641325"}
            case ["cluster", "resources"]:
                return self.vms if url.query == "type=vm" else []
            case ["nodes", node, kind, vmid, *rest]:
                known = [vm for vm in self.vms if (vm["node"], vm["type"], str(vm["vmid"])) == (node, kind, vmid)]
                return self._of_vm(known[0], "/".join(rest)) if known else self._no_file(node, kind, vmid)
        raise Failure(501, f"Method '{asked.method} {url.path}' not implemented")

    def _no_file(self, node: str, kind: str, vmid: str) -> None:
        folder = "qemu-server" if kind == "qemu" else "lxc"
        raise Failure(500, f"Configuration file 'nodes/{node}/{folder}/{vmid}.conf' does not exist")

    def _of_vm(self, vm: dict[str, Any], rest: str) -> Any:
        data = self.answers[rest] if rest in self.answers else USUAL[vm["type"]].get(rest)
        if isinstance(data, Failure):
            raise data
        if data is None and vm["type"] == "qemu":
            raise Failure(501, "not implemented")
        return data

    def _ticket(self, form: dict[str, str]) -> dict[str, Any]:
        if (form.get("username"), form.get("password")) != (USER, PASSWORD):
            raise Failure(401, "authentication failure")
        return self.answers.get("ticket") or {
            "username": USER, "ticket": TICKET, "CSRFPreventionToken": "65AB:csrf", "cap": {},
        }  # fmt: skip

    def _check(self, asked: Asked) -> None:
        given = asked.headers.get("Authorization")
        if given and given != f"PVEAPIToken={TOKEN_ID}={TOKEN_SECRET}":
            raise Failure(401, "no such token")
        cookie = "PVEAuthCookie=PVE%3Ascan%40pve%3A65AB%3A%3Asig%2F%2B%3D%3D"
        if not given and asked.headers.get("Cookie") != cookie:
            raise Failure(401, "No ticket")


def interface(name: str, mac: str, *addresses: str) -> dict[str, Any]:
    told = [
        {"ip-address": each, "ip-address-type": "ipv6" if ":" in each else "ipv4", "prefix": 24} for each in addresses
    ]
    return {"name": name, "hardware-address": mac.lower(), "ip-addresses": told}


USUAL: dict[str, dict[str, Any]] = {
    "qemu": {
        "config": {"net0": f"virtio={MAC},bridge=vmbr0", "agent": "1", "ostype": "l26", "digest": "0" * 40},
        "agent/network-get-interfaces": {
            "result": [
                interface("lo", "00:00:00:00:00:00", "127.0.0.1", "::1"),
                interface("docker0", OTHER_MAC, "172.17.0.1"),
                interface("eth0", MAC, "fe80::1", "2001:db8::1", "203.0.113.9", "10.99.0.11"),
            ]
        },
        "agent/get-osinfo": {
            "result": {"id": "debian", "version-id": "12", "pretty-name": "Debian GNU/Linux 12 (bookworm)"}
        },
    },
    "lxc": {
        "config": {"net0": f"name=eth0,bridge=vmbr0,hwaddr={MAC},ip=dhcp,type=veth", "ostype": "debian"},
        "interfaces": [
            {"name": "lo", "inet": "127.0.0.1/8", "inet6": "::1/128", "hwaddr": "00:00:00:00:00:00"},
            {"name": "docker0", "inet": "172.17.0.1/16", "hwaddr": OTHER_MAC},
            {"name": "eth0", "inet": "10.99.0.21/24", "inet6": "fe80::2/64", "hwaddr": MAC.lower()},
        ],
    },
}


@contextmanager
def proxmox(certificate: Certificate) -> Iterator[Cluster]:
    """Run a cluster without VMs until the block ends."""
    cluster = Cluster()
    with https_server(certificate, cluster.reply) as cluster.url:
        yield cluster
