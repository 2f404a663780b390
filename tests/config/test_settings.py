import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def started(data: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "PLUMBLINE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, "manage.py", *(command or ("check",))],
        cwd=ROOT,
        env={**base, **environment},
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_first_start_makes_private_data_and_keys(tmp_path):
    data = tmp_path / "deep" / "data"
    assert started(data).returncode == 0
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in ("secret-key", "encryption-keys"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    before = (data / "secret-key").read_text()
    assert started(data).returncode == 0
    assert (data / "secret-key").read_text() == before


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "perhaps", "DEBUG must be true or false"),
        ("LOGIN_FAILURE_LIMIT", "0", "LOGIN_FAILURE_LIMIT must be a whole number of at least 1"),
        ("LOGIN_FAILURE_LIMIT", "many", "LOGIN_FAILURE_LIMIT must be a whole number"),
        ("DATABASE_URL", "mysql://x/y", "DATABASE_URL must be an address that begins with postgres://"),
        ("REDIS_URL", "127.0.0.1:6379", "REDIS_URL must be an address"),
        ("FIELD_ENCRYPTION_KEYS", "short", "FIELD_ENCRYPTION_KEYS must be Fernet keys"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be"),
        ("SECRET_KEY_FILE", "/nonexistent/key", "SECRET_KEY_FILE"),
        ("PLUMBLINE_DATA", "/proc/nowhere", "data directory /proc/nowhere cannot be made"),
    ],
)
def test_wrong_setting_stops_the_start_with_one_sentence(tmp_path, name, value, sentence):
    result = started(tmp_path / "data", **{name: value})
    assert result.returncode == 1
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_secret_comes_from_a_file(tmp_path):
    key = tmp_path / "key"
    key.write_text("k" * 50 + "\n")
    code = "from django.conf import settings; print(settings.SECRET_KEY)"
    result = started(tmp_path / "data", "shell", "-v0", "-c", code, SECRET_KEY_FILE=str(key))
    assert result.stdout.strip() == "k" * 50
    assert not (tmp_path / "data" / "secret-key").exists()


def test_two_variables_switch_to_the_servers(tmp_path):
    code = (
        "from django.conf import settings as s; "
        "print(s.DATABASES['default']['ENGINE'], s.CELERY_BROKER_URL, s.CACHES['default']['BACKEND'])"
    )
    urls = {"DATABASE_URL": "postgres://u:p@db.example/x", "REDIS_URL": "redis://queue.example:6379/0"}
    result = started(tmp_path / "data", "shell", "-v0", "-c", code, **urls)
    assert result.stdout.split() == [
        "django.db.backends.postgresql",
        "redis://queue.example:6379/0",
        "django.core.cache.backends.redis.RedisCache",
    ]


def test_deep_data_directory_gets_a_short_socket(tmp_path):
    data = tmp_path / ("d" * 120)
    code = "from django.conf import settings; print(settings.QUEUE_SOCKET)"
    path = started(data, "shell", "-v0", "-c", code).stdout.strip()
    assert len(path) < 100
    assert path.endswith("/queue.sock")


def test_open_data_directory_is_reported(tmp_path):
    tmp_path.chmod(0o755)
    result = started(tmp_path, "check", "--fail-level", "WARNING")
    assert result.returncode == 1
    assert "config.W001" in result.stderr
