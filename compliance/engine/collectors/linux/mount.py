"""What is mounted now."""

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

SCRIPT = "cat /proc/self/mounts"
ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


@collector("mount", os=Os.LINUX, script=SCRIPT)
def read_mounts(section: RawSection) -> Json:
    """Read [{"target", "source", "fstype", "options": [..]}, ...] in the order of mounting; kernel mounts left out."""
    mounts: list[Json] = []
    for line in section.lines:
        source, target, fstype, options, *_ = line.split(" ")
        for escape, plain in ESCAPES.items():
            target = target.replace(escape, plain)
        if not target.startswith(("/proc/", "/sys/", "/run/user/", "/var/lib/docker/", "/run/netns")):
            mounts.append(
                {
                    "target": target,
                    "source": source,
                    "fstype": fstype,
                    "options": options.split(","),
                }
            )
    if not mounts:
        raise Unsupported("the kernel lists no mounts")
    return mounts
