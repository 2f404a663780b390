"""Kernel modules. Unavailable when not loaded, not loadable by modprobe, and denylisted: also a kernel to come."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from pydantic import Field

from templates_app.language import files
from templates_app.language.facts import Facts, Unknown
from templates_app.language.files import Line
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

# modprobe reads the files of all these by name; of two of the same name, the one in the earlier directory counts
FOLDERS = (
    "/etc/modprobe.d/*.conf",
    "/run/modprobe.d/*.conf",
    "/usr/local/lib/modprobe.d/*.conf",
    "/usr/lib/modprobe.d/*.conf",
    "/lib/modprobe.d/*.conf",
)
REFUSES = frozenset({"/bin/false", "/bin/true", "/usr/bin/false", "/usr/bin/true"})
UNAVAILABLE = "unavailable"


class KernelModuleProbe(Probe):
    """``name`` as modprobe takes it; "-" and "_" are the same. The value "unavailable" is right for every item.

    Three items: in memory (unavailable | loaded), for modprobe (unavailable | loadable), for hardware and aliases
    (unavailable | not denylisted), also where no installed kernel has the module: the next one may. A module built into
    the kernel is not set: nothing can unload it, so say ``missing: not_applicable``.
    Section kernel_module: {"running": release, "loads": the kernel loads modules, "kernels": [installed releases],
    "at_boot": [denied on the command line], "modules": {name: {"loaded", "registered", "files": [kernels that have it
    as a file], "builtin": [kernels that have it built in]}}}.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")


class Directive(NamedTuple):
    """One line of modprobe's configuration: "install cramfs /bin/false" is verb, module and rest."""

    verb: str
    module: str
    rest: str
    line: Line


def needs(probe: KernelModuleProbe) -> Iterable[Need]:
    return [Need("kernel_module", probe.name), *files.content_needs(FOLDERS)]


def observe(probe: KernelModuleProbe, facts: Facts) -> Observed:
    section: Any = facts.value("kernel_module")
    module = section["modules"].get(probe.name)
    if module is None:
        raise Unknown(f"kernel module {probe.name} was not looked for")
    built_in = built_into(section, module)
    if built_in:
        text = f"{probe.name} is built into the kernel ({built_in}) and cannot be kept out"
        return Observed((Item(None, probe.name, (Evidence("modules.builtin", None, probe.name, text),), text),))
    directives = facts.memo("modprobe", lambda: configuration(facts))
    name = probe.name.replace("-", "_")
    return Observed(
        (
            in_memory(probe.name, module["loaded"]),
            by_modprobe(name, directives),
            by_alias(name, directives, section["at_boot"]),
        )
    )


def built_into(section: Any, module: Any) -> str:
    """Return the kernel that has the module built in: the running one, or else every installed one; "" if none."""
    kernels = section["kernels"]
    if section["running"] in kernels:
        return section["running"] if section["running"] in module["builtin"] else ""
    if kernels:
        return ", ".join(kernels) if set(module["builtin"]) >= set(kernels) else ""
    return section["running"] if module["registered"] and not module["loaded"] else ""


def in_memory(name: str, loaded: bool) -> Item:
    text = f"{name} is {'loaded' if loaded else 'not loaded'}"
    return Item("loaded" if loaded else UNAVAILABLE, name, (Evidence("/proc/modules", None, "", text),), text)


def by_modprobe(name: str, directives: list[Directive]) -> Item:
    """Say what modprobe does; it obeys the first install line whose pattern fits."""
    found = next((one for one in directives if one.verb == "install" and fnmatchcase(name, one.module)), None)
    if found is None:
        text = "modprobe loads it: no install line says otherwise"
        return Item("loadable", name, (Evidence("modprobe.d", None, "", text),), text)
    where = f"{found.line.path} line {found.line.number}"
    command = found.rest.split("#")[0].split()
    if len(command) == 1 and command[0] in REFUSES:
        return Item(UNAVAILABLE, name, (seen(found),), f"modprobe runs {command[0]} in its place ({where})")
    text = f"its install line does not refuse it: {clipped(found.line.text.strip())} ({where})"
    return Item("loadable", name, (seen(found),), text)


def by_alias(name: str, directives: list[Directive], at_boot: list[str]) -> Item:
    found = next((one for one in directives if one.verb == "blacklist" and one.module == name), None)
    if found is not None:
        text = f"denylisted ({found.line.path} line {found.line.number})"
        return Item(UNAVAILABLE, name, (seen(found),), text)
    if name in at_boot:
        text = "denylisted on the kernel command line"
        return Item(UNAVAILABLE, name, (Evidence("/proc/cmdline", None, name, text),), text)
    text = "not denylisted: no blacklist line names it"
    return Item("not denylisted", name, (Evidence("modprobe.d", None, "", text),), text)


def seen(directive: Directive) -> Evidence:
    line = directive.line
    return Evidence(line.path, line.number, clipped(line.text.strip()), "modprobe configuration")


def configuration(facts: Facts) -> list[Directive]:
    """Return the directives in the order in which modprobe reads them."""
    by_name: dict[str, str] = {}
    for folder in FOLDERS:
        for path in files.expand(facts, "file_content", folder):
            by_name.setdefault(path.rsplit("/", 1)[-1], path)
    lines, _ = files.all_lines(facts, [by_name[name] for name in sorted(by_name)])
    return [directive for line in lines if (directive := parsed(line)) is not None]


def parsed(line: Line) -> Directive | None:
    words = line.text.split(None, 2)
    if len(words) < 2 or words[0] not in ("install", "blacklist"):
        return None
    return Directive(words[0], words[1].replace("-", "_"), words[2] if len(words) > 2 else "", line)


def describe(probe: KernelModuleProbe) -> str:
    return f"kernel module {probe.name}"


register(
    Kind("kernel_module", KernelModuleProbe, needs, observe, describe, "A kernel module: loaded, loadable, denylisted")
)
