"""Verdicts hold up: facts of two whole Debian 12 roots, one open and one hardened, and what OpenSCAP said of them.

Both were recorded in a chroot with network and mount namespaces of its own, a kernel package, auditd and nftables; the
open one does nearly everything wrong. Our verdict is held against those of all OpenSCAP rules that the check names.
"""

import json
from functools import cache
from pathlib import Path

import pytest
import zstandard
from ruamel.yaml import YAML

from templates_app.language import stored_facts
from templates_app.language.facts import Facts
from templates_app.language.templates import CompiledTemplate, compile_template
from templates_app.services.content import document_of, read_content

DATA = Path(__file__).parents[1] / "data" / "hosts"
HOSTS = ("open", "hardened")
DECIDED = ("pass", "fail")


@cache
def template(slug: str) -> CompiledTemplate:
    content = read_content()
    source = next(source for source in content.templates if source.slug == slug)
    return compile_template(document_of(source, content, 1), "debian12", "server")


@cache
def verdicts(host: str, slug: str) -> dict[str, str]:
    raw = zstandard.ZstdDecompressor().decompress((DATA / f"debian12-{host}.facts.zst").read_bytes())
    facts = Facts(stored_facts.load(raw.decode()))
    return {result.check_id: result.status.value for result in template(slug).evaluate(facts)}


def openscap(host: str) -> dict[str, str]:
    """Return OpenSCAP's verdict for each check whose rules it decided all of: fail if one of them fails."""
    said = json.loads((DATA / f"debian12-{host}.oscap.json").read_text())
    found = {}
    for one in template("cis-l2-linux").selected:
        rules = [said[rule] for rule in one.check.references.get("cac", []) if rule in said]
        if rules and all(rule in DECIDED for rule in rules):
            found[one.check.id] = "fail" if "fail" in rules else "pass"
    return found


@pytest.mark.parametrize("host", HOSTS)
def test_level_1_decides_nearly_everything_as_root(host):
    said = list(verdicts(host, "cis-l1-linux").values())
    assert sum(one in DECIDED for one in said) >= 300
    assert said.count("error") <= 3


def test_hardening_flips_verdicts():
    before, after = (verdicts(host, "cis-l1-linux") for host in HOSTS)
    assert sum(before[check] == "fail" and after[check] == "pass" for check in before) >= 250


@pytest.mark.parametrize("host", HOSTS)
def test_openscap_agrees_but_for_what_is_listed_with_its_reason(host):
    theirs, ours = openscap(host), verdicts(host, "cis-l2-linux")
    both = [check for check in theirs if ours[check] in DECIDED]
    assert len(both) >= 150
    listed = YAML(typ="safe").load((DATA / "disagreements.yaml").read_text())[host]
    assert sorted(check for check in both if ours[check] != theirs[check]) == sorted(listed)


def test_every_row_of_the_benchmark_for_debian_is_in_level_1():
    chosen = [one for one in template("cis-l1-linux").selected if one.check.assessment == "auto"]
    assert len(chosen) == 342
