"""The browser is one for the session, so its fixtures are known to this directory, not to single modules."""

from tests.peers.browser import chromium, new_tab

__all__ = ["chromium", "new_tab"]
