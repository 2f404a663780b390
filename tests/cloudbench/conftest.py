import pytest

from tests.cloudbench import stage


@pytest.fixture(scope="session", autouse=True)
def shelf(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let all processes of this test session share what was recorded of scenes."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if base.name.startswith("popen-") else base) / "scenes"
    place.mkdir(exist_ok=True)
    stage.SHELF[:] = [place]
