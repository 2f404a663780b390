"""The PDF renderer: what it may not do, and what stops it."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pypdf
import pytest

from organizations.reports import pdf
from organizations.reports.pdf import Limits, PdfFailed, pdf_of

PAGE = '<!doctype html><html lang="en"><head><title>A title</title><style>{}</style></head><body>{}</body></html>'
FAMILY = "body{font-family:Inter,sans-serif}b{font-weight:600}"


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def test_pdf_is_tagged_titled_and_embeds_its_fonts():
    content = pdf_of(PAGE.format(FAMILY, "<h1>Hello</h1><p>plain <b>bold</b> Ünïcödé</p>"))
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert reader.metadata.title == "A title"
    assert "Ünïcödé" in text_of(content)
    fonts = [
        font.get_object()["/DescendantFonts"][0].get_object()
        for font in reader.pages[0]["/Resources"]["/Font"].values()
    ]
    assert {str(font["/BaseFont"]).partition("+")[2] for font in fonts} == {"Inter", "Inter-Semi-Bold"}
    assert all({"/FontFile2", "/FontFile3"} & set(font["/FontDescriptor"]) for font in fonts)


def test_nothing_is_fetched(tmp_path):
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20"><text y="9">SECRET</text></svg>')
    with HTTPServer(("127.0.0.1", 0), Noting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        web = f"http://127.0.0.1:{server.server_port}"
        body = "".join(
            f'<img alt="i" src="{url}"><object data="{url}"></object><link rel="attachment" href="{url}">'
            f'<svg width="9" height="9"><image href="{url}"/><use href="{url}#a"/></svg>'
            for url in (f"{web}/x.png", secret.as_uri(), str(secret), "data:image/svg+xml,<svg/>", "ftp://127.0.0.1/x")
        )
        style = f'@import "{web}/a.css"; @font-face{{font-family:X;src:url({web}/f.woff)}}'
        style += f"p{{font-family:X;background:url({web}/b.png)}}"
        content = pdf_of(PAGE.format(style, f'<link rel="stylesheet" href="{web}/c.css">{body}<p>still here</p>'))
        server.shutdown()
    assert asked == []
    assert "still here" in text_of(content)
    assert "SECRET" not in text_of(content)
    assert not pypdf.PdfReader(io.BytesIO(content)).attachments


def test_renderer_knows_no_secret(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://user:secret@db/x")
    monkeypatch.setenv("SECRET_KEY", "secret")
    assert "secret" not in json.dumps(pdf.environment())


def test_neither_side_loads_what_it_does_not_need():
    said = "import sys; import organizations.reports.{}; print({{'django', 'weasyprint'}} & set(sys.modules))"
    for module in ("pdf", "pdf_renderer"):
        run = [sys.executable, "-c", said.format(module)]
        assert subprocess.check_output(run, text=True, cwd=pdf.ROOT).strip() == "set()"


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(wall_s=0.2), "took longer"),
        (Limits(cpu_s=1), "computing time"),
        (Limits(memory_bytes=200 * 1024**2), "more memory"),
        (Limits(html_bytes=1000), "larger than"),
    ],
)
def test_renderer_ends_at_its_limits(limits, why):
    rows = "<table>" + "<tr><td>some text<td>and more of it</tr>" * 20_000 + "</table>"
    began = time.monotonic()
    with pytest.raises(PdfFailed, match=why):
        pdf_of(PAGE.format(FAMILY, rows), limits=limits)
    assert time.monotonic() - began < 60


def test_killed_renderer_leaves_no_process():
    with pytest.raises(PdfFailed):
        pdf_of(PAGE.format("", "x"), limits=Limits(wall_s=0.2))
    listed = subprocess.check_output(["ps", "-eo", "ppid,args"], text=True)
    assert not [line for line in listed.splitlines() if line.split()[0] == str(os.getpid()) and pdf.RENDERER in line]


def test_missing_library_is_named():
    told = pdf.reason(4, b"warning\ncannot load library 'libpango-1.0-0': no such file\n")
    assert told == "a system library is missing: cannot load library 'libpango-1.0-0': no such file"
