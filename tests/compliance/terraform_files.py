"""Documents of Terraform for the tests: the recorded ones, and small ones with what a test needs."""

from pathlib import Path

import pytest

from compliance.terraform import formats
from compliance.terraform.documents import BadDocument, parse
from compliance.terraform.vms import Vm

DATA = Path(__file__).resolve().parents[1] / "data" / "terraform"
SHOWN = sorted(path.name for path in DATA.glob("show_*.json"))
STATES = sorted(path.name for path in DATA.glob("state_*.json") if "encrypted" not in path.name)
SECRET = "S3CR3T"


def loaded(name: str) -> object:
    return parse((DATA / name).read_bytes())


def of_file(name: str) -> dict[str, Vm]:
    return {vm.resource_address: vm for vm in formats.read(loaded(name))[1].vms}


def showing(*resources: dict[str, object], **more: object) -> dict[str, object]:
    return {"format_version": "1.0", "values": {"root_module": {"resources": list(resources), **more}}}


def instance(address: str = "aws_instance.web", **values: object) -> dict[str, object]:
    type_, _, name = address.partition(".")
    values = {"id": "i-0123456789abcdef0", **values}
    return {"address": address, "mode": "managed", "type": type_, "name": name, "values": values}


def only(document: object) -> Vm:
    (vm,) = formats.read(document)[1].vms
    return vm


def refusal(document: object) -> BadDocument:
    with pytest.raises(BadDocument) as raised:
        formats.read(document)
    return raised.value
