"""The other pages keep up with the code: links lead somewhere, settings, paths and commands are described."""

import re
from pathlib import Path

import pytest

from config.api import router

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
SETTING = re.compile(r"env\.\w+\(\s*\"([A-Z_]+)\"")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_setting_is_described_and_none_that_is_gone():
    read = set(SETTING.findall((ROOT / "config" / "settings.py").read_text()))
    table = (ROOT / "docs" / "operators.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)) == read


def test_every_path_of_the_api_is_described():
    page = (ROOT / "docs" / "api.md").read_text()
    paths = [re.sub(r"\(\?P<[^)]*\)", "{id}", prefix) for prefix, _, _ in router.registry]
    assert [path for path in paths if f"`{path}/`" not in page] == []


def test_every_command_of_ours_is_named():
    pages = "".join(page.read_text() for page in PAGES)
    commands = [path.stem for path in ROOT.glob("*/management/commands/[a-z]*.py")]
    assert [command for command in commands if command not in pages] == []
