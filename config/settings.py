"""All settings. Nothing set: SQLite and a bundled queue server. DATABASE_URL and REDIS_URL: PostgreSQL and Redis."""

import tempfile
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import environment as env
from config.schedule import BEAT_SCHEDULE
from organizations.lib import crypto

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.data_directory("PLUMBLINE_DATA", BASE_DIR / "var")

# --- Secrets: files of mode 0600 in the data directory unless given --------------------------------------------------
SECRET_KEY = env.kept_secret("SECRET_KEY", DATA_DIR / "secret-key", env.new_secret_key)
FIELD_ENCRYPTION_KEYS = env.kept_secret("FIELD_ENCRYPTION_KEYS", DATA_DIR / "encryption-keys", crypto.new_key).split()
"""Newest first: the first encrypts, all decrypt. Add a new one in front, run rotate_secrets, then drop the old one."""
try:
    crypto.cipher(FIELD_ENCRYPTION_KEYS)
except ValueError as error:
    raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS must be Fernet keys, newest first, one per line.") from error
METRICS_TOKEN = env.text("METRICS_TOKEN")

# --- Where it runs ----------------------------------------------------------------------------------------------------
RUN_AS_USER = env.text("PLUMBLINE_USER")
DEBUG = env.switch("DEBUG", False)
PRODUCT_VERSION = "0.1.0"
MINIMUM_COVERAGE = env.number("MINIMUM_COVERAGE_PERCENT", 80) / 100
"""Share of the applicable checks that must be decided for a scan to count; below it the scan is incomplete."""
SCANS_OF_WORKERS = env.choice("SCANS_OF_WORKERS", ("all", "not_local", "local"), "all")
"""Set by `up` for workers that gave up root: another process performs the scans of the server itself."""
SCAN_DETAIL_DAYS = env.number("SCAN_DETAIL_DAYS", 90)
"""How long facts and results of scans stay; counts and scores stay for ever, the latest scan of a host whole."""
CHECK_STATE_DAYS = env.number("CHECK_STATE_DAYS", 400)
"""How long the outcome of a check stays after it changed."""
AWS_ENDPOINT_URL = env.url("AWS_ENDPOINT_URL", ("http", "https")) or None
"""What answers in the place of AWS, for tests and demonstrations; None is AWS itself."""
CLOUD_FRESH_MINUTES = env.number("CLOUD_FRESH_MINUTES", 30)
"""How long facts of an account serve a further benchmark without being collected again."""
CLOUD_CONCURRENCY = env.number("CLOUD_CONCURRENCY", 32, at_least=1)
"""How many calls to one account are under way at once."""
CLOUD_DETAIL_DAYS = env.number("CLOUD_DETAIL_DAYS", 90)
"""How long facts and findings of cloud runs stay; the state of every control stays for ever."""
TERRAFORM_HOOK_BYTES = env.number("TERRAFORM_HOOK_BYTES", 1_000_000, at_least=1)
"""The largest delivery of Terraform that is read; none is larger than DATA_UPLOAD_MAX_MEMORY_SIZE in any case."""
TERRAFORM_STATE_MINUTES = env.number("TERRAFORM_STATE_MINUTES", 30, at_least=1)
"""How long the state of an applied run is waited for."""
RUN_TASK_BEAT_S = env.number("RUN_TASK_BEAT_S", 240, at_least=10)
"""How often Terraform hears that a run task's answer is still to come; it gives up after 10 minutes of silence."""
RUN_TASK_DEADLINE_S = env.number("RUN_TASK_DEADLINE_S", 540, at_least=60)
"""When a run task must have its answer; the token with which it is given lives 10 minutes."""
PUBLIC_URL = env.url("PUBLIC_URL", ("http", "https")).rstrip("/") or "http://127.0.0.1:8000"
ALLOWED_HOSTS = env.names(
    "ALLOWED_HOSTS",
    ["127.0.0.1", "localhost", "[::1]", urlsplit(PUBLIC_URL).hostname or "localhost"],
)
CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(PUBLIC_URL))]
BEHIND_HTTPS = PUBLIC_URL.startswith("https://")
if env.switch("TRUST_PROXY_HEADERS", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "organizations",
    "itsm",
    "templates_app",
    "compliance",
    "remediation",
    "cloudbench",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "guardian",
    "axes",
    "csp",
    "rest_framework",
    "django_filters",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_htmx",
    "config",  # last, for it also says which of the packages' admin pages are shown
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "organizations.middleware.bounded_bodies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "organizations.middleware.refusals",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "organizations.web.context.surroundings",
                "config.navigation.navigation",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Data -------------------------------------------------------------------------------------------------------------
DATABASE_URL = env.url("DATABASE_URL", ("postgres", "postgresql"))
DATABASES = {
    "default": {
        **(_server := environ.Env.db_url_config(DATABASE_URL)),
        "HOST": unquote(_server["HOST"]),  # %2Frun%2Fpostgresql names a Unix socket's directory, as for libpq
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
    if DATABASE_URL
    else {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "plumbline.sqlite3",
        # With Django's own options, one worker and one web process lock each other out; with these they never did.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;"
            "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=2000;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.url("REDIS_URL", ("redis", "rediss"))
_beside = DATA_DIR / "queue.sock"
# A Unix socket's path may have 107 bytes; a deep data directory gets a short private one instead.
QUEUE_SOCKET = (
    _beside
    if len(str(_beside)) <= 90
    else Path(tempfile.gettempdir()) / f"plumbline-{sha256(str(DATA_DIR).encode()).hexdigest()[:16]}" / "queue.sock"
)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

WEB_WORKERS = env.number("WEB_WORKERS", 2 if REDIS_URL else 1, at_least=1)
"""Processes of the web server. Without Redis each has a cache of its own, and so its own count of what is limited."""

# --- Background work: these settings lost no task when a child, a worker or the queue server was killed --------------
TASK_LONGEST_S = 900
CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{QUEUE_SOCKET}"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": TASK_LONGEST_S + 60,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = False
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
DJANGO_CELERY_BEAT_TZ_AWARE = True

# --- Who --------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "organizations.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "organizations.web.authentication.NameOrEmailBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
KNOX_TOKEN_MODEL = "organizations.ApiToken"
MIGRATION_MODULES = {"knox": None}  # its own table would stand there unused, and in the way
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTH_HEADER_PREFIX": "Token"}
AXES_FAILURE_LIMIT = env.number("LOGIN_FAILURE_LIMIT", 5, at_least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.number("LOGIN_LOCKOUT_MINUTES", 15, at_least=1))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "organizations.web.authentication.locked_out"
AXES_USERNAME_CALLABLE = "organizations.web.authentication.submitted_name"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "organizations.web.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["organizations.web.parsing.BoundedJsonParser"],
    "DEFAULT_PAGINATION_CLASS": "organizations.web.paging.PageNumberPages",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "organizations.web.paging.BoundedSearch",
        "organizations.web.paging.ListedOrdering",
    ],
    "DEFAULT_SCHEMA_CLASS": "organizations.web.schema.AutoSchema",
    "EXCEPTION_HANDLER": "organizations.web.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": False,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Plumbline API",
    "DESCRIPTION": "Automation of compliance operations. Errors are problem documents (RFC 9457).",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SERVE_AUTHENTICATION": None,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "CodenameEnum": "organizations.permissions.CODENAMES",
        "AutoOrManualEnum": [("auto", "Automatic"), ("manual", "Manual")],
        "JobStatusEnum": "compliance.models.scans.Scan.Status",
        "TemplateStatusEnum": "templates_app.models.templates.Template.Status",
        "ControlSeverityEnum": "cloudbench.models.custom_controls.CustomControl.Severity",
        "OsTypeEnum": "templates_app.models.templates.OsType",
        "ScannedOsTypeEnum": [("linux", "Linux")],
        "GateStateEnum": "compliance.models.provisioned_vms.ProvisionedVm.State",
        "ProviderKindEnum": "compliance.models.provider_connections.ProviderConnection.Kind",
        "ProvisioningRunStatusEnum": "compliance.models.provisioning_runs.ProvisioningRun.Status",
        "VmEventKindEnum": "compliance.models.vm_events.VmEvent.Kind",
        "HostKeyStateEnum": "compliance.models.hosts.HostKey.State",
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
STATE_DOCUMENT_BYTES = env.number("STATE_DOCUMENT_MB", 16, at_least=1) * 1_000_000
LARGE_BODIES = {"/api/v1/provisioning/runs/": STATE_DOCUMENT_BYTES}
"""Paths that take more than that; the view reads no further than its limit."""

# --- Pages ------------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_HTTPS else 0
SESSION_COOKIE_SECURE = BEHIND_HTTPS
CSRF_COOKIE_SECURE = BEHIND_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"

# --- Logs: one JSON object a line, events and ids -------------------------------------------------------------------
LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured("The setting LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {
            "handlers": ["stderr"],
            "level": LOG_LEVEL,
            "propagate": False,
        },
        "paramiko": {"level": "ERROR"},
        "botocore": {"level": "WARNING"},
        "boto3": {"level": "WARNING"},
        "azure": {"level": "ERROR"},  # its warnings repeat answers
        "urllib3": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # organizations.permissions asks guardian directly, never through has_perm
