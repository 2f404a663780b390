"""Installed packages, all of them in one question to dpkg or rpm."""

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

SCRIPT = r"""
if have dpkg-query; then echo dpkg; t 20 dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\n'
elif have rpm; then echo rpm; t 30 rpm -qa --qf 'ii |%{NAME}|%{EPOCHNUM}:%{VERSION}-%{RELEASE}\n'
else return 69; fi
"""


@collector("package", os=Os.LINUX, script=SCRIPT)
def read_packages(section: RawSection) -> Json:
    """Read {"manager": "dpkg|rpm", "installed": {name: version}}. Raises Unsupported when the list is empty."""
    manager, *rows = section.lines
    installed: dict[str, Json] = {}
    for row in rows:
        status, name, version = row.split("|", 2)
        if status.startswith(("ii", "hi")):
            installed[name] = version
    if not installed or section.rc:
        raise Unsupported(f"{manager} lists no packages, so that nothing can be said about any")
    return {"manager": manager, "installed": installed}
