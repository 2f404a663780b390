"""The renderer's process: HTML on standard input, PDF on standard output. Nothing of Django is loaded here.

Ends 3 when memory runs out, 4 when a system library is missing; the last line of standard error says what was wrong.
"""

import ctypes
import json
import resource
import sys
from pathlib import Path

FONTS = {400: "inter-regular.woff2", 600: "inter-semibold.woff2"}
OUT_OF_MEMORY, LIBRARY_MISSING = 3, 4
PR_SET_PDEATHSIG, SIGKILL = 1, 9


def main() -> int:
    """Render within the limits given as the first argument."""
    limits = json.loads(sys.argv[1])
    bound(limits["memory_bytes"], limits["cpu_s"])
    fonts = font_faces()
    html = sys.stdin.buffer.read().decode()
    try:
        sys.stdout.buffer.write(render(html, fonts))
    except MemoryError:
        return OUT_OF_MEMORY
    except OSError as error:
        print(error, file=sys.stderr)
        return LIBRARY_MISSING
    return 0


def bound(memory_bytes: int, cpu_s: int) -> None:
    """Limit this process, and have it end with the one that started it."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)


def font_faces() -> dict[str, bytes]:
    """Return the fonts that come with the product as {address in the style sheet: bytes}."""
    directory = Path(__file__).parent / "fonts"
    return {f"font:{weight}": (directory / name).read_bytes() for weight, name in FONTS.items()}


def render(html: str, fonts: dict[str, bytes]) -> bytes:
    from weasyprint import CSS, HTML  # takes seconds, and only this process pays for it
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OnlyFonts(URLFetcher):
        """Hands out the product's fonts and refuses every other address, files and data included."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            if url not in fonts:
                raise ValueError("nothing is fetched for a report")
            return URLFetcherResponse(url, fonts[url], {"Content-Type": "font/woff2"})

    fetcher = OnlyFonts()
    configuration = FontConfiguration()
    faces = "".join(
        f"@font-face{{font-family:Inter;font-weight:{url.removeprefix('font:')};src:url({url}) format('woff2')}}"
        for url in fonts
    )
    style = CSS(string=faces, font_config=configuration, url_fetcher=fetcher)
    document = HTML(string=html, url_fetcher=fetcher, base_url="about:blank")
    return document.write_pdf(stylesheets=[style], font_config=configuration, pdf_variant="pdf/ua-1")


if __name__ == "__main__":
    sys.exit(main())
