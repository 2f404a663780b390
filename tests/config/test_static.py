"""The static files that are served are those of this version."""

from pathlib import Path

from config.management.commands.up import collect_static

SOURCE = Path("config/static/plumbline.css")


def test_what_an_upgrade_brings_is_served_also_where_it_is_older_than_the_last_collection(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    collect_static()
    left = tmp_path / "of-an-earlier-version.css"
    for path in (tmp_path / "plumbline.css", left):
        path.write_text("of an earlier version, and written later")
    collect_static()
    assert (tmp_path / "plumbline.css").read_bytes() == SOURCE.read_bytes()
    assert not left.exists()
