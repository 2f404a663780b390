import contextlib
import json
import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.terraform import formats
from compliance.terraform.attributes import ATTRIBUTES
from compliance.terraform.documents import BadDocument, digest, parse
from tests.compliance.terraform_files import (
    loaded,
    only,
    refusal,
    showing,
)

TRUSTED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
NAMES = sorted(
    {
        path[0]
        for kind in ATTRIBUTES.values()
        for pick in (*kind.addresses, *kind.names, *kind.instance_id)
        for path in pick.paths
    }
    | {"tags", "tags_all", "labels", "os_profile", "initialization", "boot_disk", "network_interface", "clone"}
)
ATTRIBUTE_SETS = st.dictionaries(
    st.sampled_from(NAMES), JSON | st.just("10.0.0.1") | st.just([["10.0.0.1"], ["::1"]]), max_size=12
)
RESOURCES = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["managed", "data"]) | JSON,
        "type": st.sampled_from(sorted(ATTRIBUTES)) | JSON,
        "name": st.text(max_size=9) | JSON,
    },
    optional={
        "address": JSON,
        "values": ATTRIBUTE_SETS | JSON,
        "sensitive_values": JSON,
        "tainted": JSON,
        "deposed_key": JSON,
    },
)


def document_or_refusal(document: object) -> None:
    try:
        name, read = formats.read(document)
    except BadDocument:
        return
    assert name in formats.READERS
    assert all(vm.instance_id and vm.resource_address for vm in read.vms)


@TRUSTED
@given(JSON | st.dictionaries(st.sampled_from(["format_version", "version", "values", "resources"]), JSON))
def test_any_json_is_a_document_or_a_refusal(document):
    document_or_refusal(document)


@TRUSTED
@given(st.lists(RESOURCES, max_size=4), st.lists(RESOURCES | JSON, max_size=2))
def test_any_resources_are_a_document_or_a_refusal(resources, inner):
    document_or_refusal(showing(*resources, child_modules=[{"address": "module.m", "resources": inner}]))


@TRUSTED
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "mode": st.just("managed") | JSON,
                "type": st.sampled_from(sorted(ATTRIBUTES)),
                "name": st.text(min_size=1, max_size=9),
            },
            optional={
                "module": JSON,
                "instances": JSON
                | st.lists(
                    st.fixed_dictionaries(
                        {"attributes": ATTRIBUTE_SETS},
                        optional={"index_key": JSON, "status": JSON, "deposed": JSON, "sensitive_attributes": JSON},
                    ),
                    max_size=3,
                ),
            },
        ),
        max_size=4,
    )
)
def test_any_raw_state_is_a_document_or_a_refusal(resources):
    document_or_refusal({"version": 4, "resources": resources})


@TRUSTED
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_body_is_json_or_a_refusal(body):
    with contextlib.suppress(BadDocument):
        document_or_refusal(parse(body))


@pytest.mark.parametrize("name", ["show_aws.json", "show_azure.json", "state_aws.json"])
def test_the_order_of_resources_does_not_matter(name):
    def shuffled(value: object, chance: random.Random) -> object:
        if isinstance(value, dict):
            pairs = [(key, shuffled(inner, chance)) for key, inner in value.items()]
            chance.shuffle(pairs)
            resources = dict(pairs)
            for key in ("resources", "child_modules", "instances"):
                if isinstance(resources.get(key), list):
                    chance.shuffle(resources[key])
            return resources
        return [shuffled(inner, chance) for inner in value] if isinstance(value, list) else value

    document = loaded(name)
    expected = formats.read(document)
    for seed in range(10):
        other = shuffled(document, random.Random(seed))
        assert json.dumps(other) != json.dumps(document)
        assert formats.read(other) == expected
        assert digest(formats.read(other)[1]) == digest(expected[1])


@TRUSTED
@given(
    st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), max_size=3),
    st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True),
    st.none()
    | st.integers(0, 10**6)
    | st.from_regex(r"[a-zA-Z0-9 ._/-]{1,12}", fullmatch=True).map(str.strip).filter(bool),
)
def test_an_address_is_built_of_modules_type_name_and_key(modules, name, key):
    module = ".".join(f"module.{one}" for one in modules)
    resource = {"mode": "managed", "type": "aws_instance", "name": name, "instances": [{"attributes": {"id": "i-1"}}]}
    resource |= {"module": module} if module else {}
    if key is not None:
        resource["instances"][0]["index_key"] = key
    suffix = "" if key is None else f"[{json.dumps(key)}]"
    address = only({"version": 4, "resources": [resource]}).resource_address
    assert address == " ".join(f"{module}{'.' if module else ''}aws_instance.{name}{suffix}".split())


def many(count: int) -> dict[str, object]:
    """A state of ``count`` machines, ten to a module, each module within three others."""
    pattern = loaded("show_aws.json")["values"]["root_module"]["resources"][0]
    modules = []
    for start in range(0, count, 10):
        resources = [
            {
                **pattern,
                "address": f"module.m.aws_instance.x[{number}]",
                "values": {**pattern["values"], "id": f"i-{number:017x}"},
            }
            for number in range(start, start + 10)
        ]
        modules.append({"child_modules": [{"child_modules": [{"resources": resources}]}]})
    return showing(child_modules=modules)


def test_a_large_state_is_read_in_time_that_grows_with_it_alone():
    for count, most_s in ((500, 0.1), (10_000, 2.0)):
        document = many(count)
        started = time.process_time()
        read = formats.read(document)[1]
        assert time.process_time() - started < most_s
        assert len(read.vms) == count


def test_a_state_of_more_machines_than_we_hold_is_refused():
    assert "20000 machines" in str(refusal(many(20_010)))
