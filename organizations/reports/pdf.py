"""PDF from HTML: a process of its own renders it, knows no secret, fetches nothing, and is killed at its limits."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RENDERER = "organizations.reports.pdf_renderer"
PASSED_ON = ("PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH")
"""What the renderer's libraries read from the environment; nothing of ours is in it."""

MEMORY = "it took more memory than allowed"
CPU = "it took more computing time than allowed"
WALL = "it took longer than allowed"
REASONS = {3: MEMORY, 4: "a system library is missing: ", -9: CPU, -24: CPU}


class PdfFailed(Exception):
    """No PDF came of it; the text says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one rendering may take: bytes of address space, seconds of CPU, seconds until it is killed."""

    memory_bytes: int = 2 * 1024**3
    cpu_s: int = 120
    wall_s: float = 180
    html_bytes: int = 32 * 1024**2


def pdf_of(html: str, *, limits: Limits = Limits()) -> bytes:
    """Return ``html`` as a tagged PDF with its fonts embedded.

    The styles stand in the document; "Inter" names the fonts that come with it. Nothing else is fetched: an address
    in the document leaves a gap. Raises PdfFailed at a limit, or when a system library is missing.
    """
    content = html.encode("utf-8", "replace")
    if len(content) > limits.html_bytes:
        raise PdfFailed(f"The PDF could not be made: its text is larger than {limits.html_bytes // 1024**2} MB.")
    with subprocess.Popen(
        [sys.executable, "-m", RENDERER, json.dumps(asdict(limits))], cwd=ROOT, env=environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            made, said = process.communicate(content, timeout=limits.wall_s)
        except subprocess.TimeoutExpired:
            raise PdfFailed(f"The PDF could not be made: {WALL}.") from None
        finally:
            process.kill()
    if process.returncode != 0 or not made.startswith(b"%PDF-"):
        raise PdfFailed(f"The PDF could not be made: {reason(process.returncode, said)}.")
    return made


def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def reason(code: int, said: bytes) -> str:
    words = said.decode("utf-8", "replace").strip().rpartition("\n")[2][:300].rstrip(".")
    if code == 4:
        return REASONS[4] + words
    return REASONS.get(code) or words or f"the renderer ended with {code}"
