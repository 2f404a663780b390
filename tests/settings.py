"""Settings of the tests: a private data directory; TEST_DATABASE_URL has them run on a PostgreSQL server."""

import os
import tempfile

os.environ.setdefault("PLUMBLINE_DATA", tempfile.mkdtemp(prefix="plumbline-tests-"))
os.environ.setdefault("LOG_LEVEL", "WARNING")
if os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]

from config.settings import *  # noqa: F403
from config.settings import DATABASES, STATIC_ROOT, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
CELERY_TASK_ALWAYS_EAGER = False
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
os.makedirs(STATIC_ROOT, exist_ok=True)
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
if "sqlite3" in DATABASES["default"]["ENGINE"]:
    # A file, for tests with threads; memory otherwise would be one connection's own.
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(os.environ["PLUMBLINE_DATA"], "test.sqlite3")}
