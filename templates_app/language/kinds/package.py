"""Installed packages, of dpkg or rpm. The item is the installed version."""

from collections.abc import Iterable
from typing import Any

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register


class PackageProbe(Probe):
    """``name`` is the distribution's package name. Expect exists, absent, or version_ge.

    Section package: {"manager": "dpkg|rpm", "installed": {name: version}}; half-removed packages are not installed.
    """

    name: str


def needs(probe: PackageProbe) -> Iterable[Need]:
    return [Need("package")]


def observe(probe: PackageProbe, facts: Facts) -> Observed:
    packages: Any = facts.value("package")
    version = packages["installed"].get(probe.name)
    if version is None:
        looked = facts.memo("package looked for", lambda: looked_for(packages))
        return Observed((), f"package {probe.name} is not installed", True, looked)
    source = f"{packages['manager']} database"
    if not isinstance(version, str):
        raise Unknown(f"the version of {probe.name} is unreadable")
    text = f"package {probe.name} {version} is installed"
    return Observed(
        (
            Item(
                version,
                f"package {probe.name}",
                (Evidence(source, None, version, "installed"),),
                text,
            ),
        )
    )


def looked_for(packages: Any) -> tuple[Evidence, ...]:
    words = f"{len(packages['installed'])} packages are installed, not this one"
    return (Evidence(f"{packages['manager']} database", None, "", words),)


def describe(probe: PackageProbe) -> str:
    return f"package {probe.name}"


PRESENCE = ("is installed", "is not installed")
register(Kind("package", PackageProbe, needs, observe, describe, "An installed package", PRESENCE))
