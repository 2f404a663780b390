"""Debian's chromium, driven by playwright against pytest-django's live server under the product's content policy.

The conftest of tests/end_to_end/ makes the fixtures chromium and new_tab known there.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parent.parent / "data" / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WAIT_MS = 20_000


@dataclass
class Tab:
    """One browser tab. ``complaints``: what the console, the content policy or a foreign address gave cause for."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, user: AbstractBaseUser) -> None:
        """Give the tab a session of ``user`` without passing the login page."""
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
        self.page.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.base_url}]
        )

    def open(self, path: str) -> Response:
        """Load ``path`` and the parts that load themselves."""
        response = self.page.goto(self.base_url + path)
        assert response is not None
        expect(self.page.locator(".htmx-request")).to_have_count(0)
        return response

    def faults(self) -> list[str]:
        """Run axe for WCAG 2 A and AA; return one line for each rule broken, with the first elements that break it."""
        self.page.evaluate(AXE.read_text())  # works under the strict policy, unlike a script element
        found = self.page.evaluate(
            "rules => axe.run({runOnly: rules, preload: false, resultTypes: ['violations']})", RULES
        )["violations"]
        return [
            f"{rule['id']} ({rule['impact']}): " + " | ".join(node["html"][:160] for node in rule["nodes"][:4])
            for rule in found
        ]

    def overflow_px(self) -> int:
        """Return by how many pixels the page is wider than the window; 0 when it fits."""
        return self.page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)")

    def wrong_on(self, *paths: str) -> dict[str, list[object]]:
        """Open each of ``paths``; return what is wrong on those that fail, break a rule, complain or do not fit."""
        found = {}
        for path in paths:
            response = self.open(path)
            wide = self.overflow_px()
            wrong = [*([] if response.status == 200 else [response.status]), *self.faults(), *self.complaints]
            wrong += [f"{wide} px too wide"] if wide else []
            if wrong:
                found[path] = wrong
            self.complaints.clear()
        return found

    def watch(self) -> None:
        """Note errors of the console, of scripts, and requests that leave the server."""
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "request", lambda r: None if r.url.startswith((self.base_url, "data:")) else self.complaints.append(r.url)
        )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start one browser for the session, stop it at the end; its children go with it."""
    if not CHROMIUM.exists():
        pytest.skip("not run: browser tests need Debian's package chromium")
    # playwright keeps an event loop in this thread; Django would take the tests' own queries for async ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Contexts:
    """The browser's contexts that no test uses just now, by their options.

    One is used again by later tests, without cookies and stored values, for its process and what that has read of
    scripts and styles are what takes long; a blank page keeps the process.
    """

    browser: Browser
    free: dict[str, list[BrowserContext]] = field(default_factory=dict)

    def take(self, options: Mapping[str, Any]) -> BrowserContext:
        if waiting := self.free.get(repr(options)):
            return waiting.pop()
        context = self.browser.new_context(**options)
        context.new_page()
        return context

    def give_back(self, options: Mapping[str, Any], context: BrowserContext, origin: str) -> None:
        blank, *used = context.pages
        session = context.new_cdp_session(blank)
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "cookies,local_storage"})
        session.detach()
        for page in used:
            page.close()
        self.free.setdefault(repr(options), []).append(context)


@pytest.fixture(scope="session")
def contexts(chromium: Browser) -> Contexts:
    return Contexts(chromium)


@pytest.fixture
def new_tab(contexts, live_server, settings) -> Iterator[Callable[..., Tab]]:
    """Give a function that opens tabs: ``new_tab(width=390, dark=True, scripts=False)``."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    taken = []

    def open_tab(*, width: int = 1440, dark: bool = False, scripts: bool = True) -> Tab:
        options = {
            "viewport": {"width": width, "height": 900},
            "color_scheme": "dark" if dark else "light",
            "java_script_enabled": scripts,
            "reduced_motion": "reduce",
        }
        context = contexts.take(options)
        taken.append((options, context))
        context.set_default_timeout(WAIT_MS)
        tab = Tab(context.new_page(), live_server.url)
        tab.watch()
        return tab

    yield open_tab
    for options, context in taken:
        contexts.give_back(options, context, live_server.url)
