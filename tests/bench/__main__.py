"""`make bench`: every figure with how it was measured. Arguments choose parts: `make bench ARGS="evaluation"`."""

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

PARTS = (
    "one_host",
    "evaluation",
    "storing",
    "fleet",
    "memory",
    "walk",
    "preview",
    "posture",
    "tick",
    "bad_input",
    "cloud",
    "gate",
)


def machine() -> str:
    """Return what the figures were measured on."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    load = os.getloadavg()[0]
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} x {cpu}, {system}, load {load:.1f}"


def main() -> int:
    """Run the chosen parts, each in a process of its own with a fresh database; return 1 if one broke."""
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        sys.stderr.write(f"There is no benchmark {', '.join(unknown)}; known: {', '.join(PARTS)}.\n")
        return 1
    sys.stdout.write(f"Machine: {machine()}\n")
    broken = 0
    for name in chosen:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as data:
            environment = {**os.environ, "PLUMBLINE_DATA": data, "DJANGO_SETTINGS_MODULE": "tests.settings"}
            broken |= subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], env=environment).returncode
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
