"""The browser is one for the session, so its fixtures are known to this directory, not to single modules."""

from collections.abc import Callable
from functools import partial

import pytest

from organizations.models.users import User
from tests.peers.browser import Tab, chromium, contexts, new_tab

__all__ = ["chromium", "contexts", "new_tab"]


@pytest.fixture
def open_as(new_tab: Callable[..., Tab]) -> Callable[..., Tab]:
    """Give a function that opens a path in a tab of a signed-in user: ``open_as(user, "/", width=390)``."""

    def open_page(user: User, path: str, **options: object) -> Tab:
        tab = new_tab(**options)
        tab.sign_in(user)
        tab.open(path)
        return tab

    return open_page


@pytest.fixture
def open_page(open_as: Callable[..., Tab], admin: User) -> Callable[..., Tab]:
    """Give a function that opens a path in a tab of an admin."""
    return partial(open_as, admin)
