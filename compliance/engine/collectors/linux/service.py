"""Units of systemd: unit file state and activity of the asked ones, in two questions."""

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# Where systemd does not run (a chroot, a container) `is-enabled` still reads the files; activity is then unknown.
SCRIPT = r"""
have systemctl || return 69
if [ -d /run/systemd/system ]; then
  echo running=1
  printf 'default=%s\n' "$(t 10 systemctl get-default)"
  [ $# -gt 0 ] && t 20 systemctl show --no-pager -p Id,Names,LoadState,UnitFileState,ActiveState "$@"
else
  echo running=0
  printf 'default=%s\n' "$(t 10 systemctl get-default)"
  for u do printf 'Asked=%s\nUnitFileState=%s\n\n' "$u" "$(t 10 systemctl is-enabled "$u" 2>&1 | head -n 1)"; done
fi
return 0
"""


@collector("service", os=Os.LINUX, script=SCRIPT)
def read_services(section: RawSection) -> Json:
    """Read {"running": bool, "default": target, "units": {unit: {"load", "file", "active"}}}; see the kind's docstring."""
    if not section.lines:
        raise Unsupported("systemctl printed nothing")
    running = section.lines[0] == "running=1"
    default = section.lines[1].partition("=")[2]
    units = live_units(section) if running else offline_units(section)
    missing = [unit for unit in section.args if unit not in units]
    if missing:
        raise Unsupported(f"systemctl says nothing about {missing[0]}")
    return {"running": running, "default": default, "units": units}


def blocks(lines: list[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = [{}]
    for line in lines:
        key, equals, value = line.partition("=")
        if equals:
            found[-1][key] = value
        elif found[-1]:
            found.append({})
    return [block for block in found if block]


def live_units(section: RawSection) -> dict[str, Json]:
    """Return the asked units. `show` answers in the order asked; an alias answers under its own unit's name."""
    units: dict[str, Json] = {}
    for asked, block in zip(section.args, blocks(section.lines[2:]), strict=False):
        units[asked] = {
            "load": block.get("LoadState", ""),
            "file": block.get("UnitFileState", ""),
            "active": block.get("ActiveState", ""),
        }
    return units


def offline_units(section: RawSection) -> dict[str, Json]:
    units: dict[str, Json] = {}
    for block in blocks(section.lines[2:]):
        state = block.get("UnitFileState", "")
        absent = state.startswith("Failed") or "not-found" in state or not state
        load = "not-found" if absent else "masked" if state.startswith("masked") else "loaded"
        units[block["Asked"]] = {
            "load": load,
            "file": "" if absent else state,
            "active": "",
        }
    return units
