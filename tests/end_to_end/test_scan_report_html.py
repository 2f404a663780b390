"""The HTML report as a user opens it: a file in a browser, without a server."""

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser

from compliance.reports import html
from compliance.reports.scan_report import ScanReport
from tests.factories.reports import ISSUE, a_report, hostile_report
from tests.peers.browser import WAIT_MS, Tab

pytestmark = pytest.mark.browser
Open = Callable[..., Tab]


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """Give a function that renders a report to a file and opens that."""
    contexts = []

    def open_file(
        report: ScanReport, *, width: int = 1440, dark: bool = False, scripts: bool = True, at: str = ""
    ) -> Tab:
        path = tmp_path / "report.html"
        path.write_bytes(html.render(report, ISSUE))
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        tab = Tab(context.new_page(), path.as_uri())
        tab.watch()
        tab.page.on("dialog", lambda dialog: tab.complaints.append(f"dialog {dialog.message}"))
        tab.page.goto(path.as_uri() + at)
        return tab

    yield open_file
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (390, False), (390, True)])
def test_report_is_accessible_fits_and_causes_no_complaint(opened, width, dark):
    tab = opened(a_report(number=24, would_block=True, block_reasons=("Score below 80",)), width=width, dark=dark)
    tab.page.click("#open")
    assert tab.faults() == []
    assert tab.overflow_px() == 0
    assert tab.complaints == []


def test_500_results_open_fast(opened):
    began = time.monotonic()
    tab = opened(a_report(number=500))
    assert tab.page.inner_text(".shown") == "500 checks"
    assert time.monotonic() - began < 5
    took_ms = tab.page.evaluate(
        "() => { const from = performance.now(); const box = document.getElementById('search'); box.value = 'ssh';"
        "box.dispatchEvent(new Event('input', {bubbles: true})); document.body.offsetHeight;"
        "return performance.now() - from }"
    )
    assert took_ms < 500


def test_search_and_filters_show_what_fits_and_can_be_cleared(opened):
    page = opened(a_report(number=60)).page
    page.fill("#search", "EX-12  approver")
    assert page.inner_text(".shown") == "3 of 60 checks shown"
    assert page.locator(".group:visible").count() == 1
    page.fill("#search", "zzqx")
    assert page.is_visible("#nothing")
    page.click("#reset")
    assert page.inner_text(".shown") == "60 checks"
    page.uncheck("[name=group][value=pass]")
    page.uncheck("[name=severity][value=low]")
    assert not page.is_visible("#g-pass")
    assert page.locator('.row:visible[data-severity="low"]').count() == 0
    page.click("#close")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"


def test_address_of_a_check_opens_it(opened):
    report = a_report(number=60)
    page = opened(report, at=f"#{report.results[40].check_id}").page
    row = page.locator(f"#{report.results[40].check_id}")
    assert row.get_attribute("open") is not None
    assert page.locator(".row[open]").count() == 1


def test_report_is_whole_without_scripts(opened):
    page = opened(a_report(number=20), scripts=False).page
    assert page.locator(".row").count() == 20
    assert not page.is_visible(".filters")
    page.locator(".row summary").first.click()
    assert page.locator(".row .body").first.is_visible()


def test_print_shows_findings_and_leaves_the_controls_out(opened):
    report = a_report(number=40)
    content = opened(report).page.pdf(format="A4")
    text = "".join("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).split())
    for one in report.results:
        assert "".join(one.title.split()) in text
        if one.status in ("fail", "error", "waived"):
            assert "".join(one.remediation.split())[:60] in text
    assert "Expandall" not in text


@pytest.mark.parametrize("width", [1440, 390])
def test_hostile_host_runs_nothing_and_breaks_nothing(opened, width):
    tab = opened(hostile_report(), width=width)
    tab.page.click("#open")
    assert tab.page.evaluate("window.hacked") is None
    assert tab.page.locator("img, iframe, object, body script ~ script").count() == 0
    assert tab.overflow_px() == 0
    assert tab.complaints == []


def test_policy_stops_a_script_that_would_get_in(opened):
    tab = opened(a_report(number=3))
    tab.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.hacked = 1'}))"
    )
    assert tab.page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in one for one in tab.complaints)
