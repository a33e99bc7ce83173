"""Settings, one section per concern. Every value that differs between installs comes from the environment.

docs/settings.md lists the variables; each may also be named with a file that holds it. Without any of them the project is the
embedded default: SQLite, an in-memory channel layer and no worker.
"""

import sys
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy

from evbalancer.common.security.secret_files import Environment
from evbalancer.common.words.languages import offered_languages

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
env.read_env(BASE_DIR / ".env", overwrite=False)

# --- Core -----------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("EVB_DEMO", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    # The demo, the tests and a developer's runserver may do without; a server that faces people may not.
    if not (DEBUG or DEMO):
        raise ImproperlyConfigured(
            "Set SECRET_KEY (50 or more random characters), or DEBUG=1 for development."
        )
    SECRET_KEY = "development-only-" + "x" * 50

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "daphne",
    "evbalancer",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "evbalancer.admin.apps.ManagersAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "import_export",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "grid",
    "drivers",
    "fleet",
    "chargers",
    "pricing",
    "scheduling",
]

MIDDLEWARE = [
    "evbalancer.ops.serving.probes.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "evbalancer.ops.serving.plain_text.PlainTextMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "evbalancer.dashboard.account.seen.SeenMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "evbalancer.ops.serving.csp.ContentSecurityPolicyMiddleware",
    "evbalancer.ops.serving.patience.PatienceMiddleware",
]

ROOT_URLCONF = "evbalancer.urls"
ASGI_APPLICATION = "evbalancer.asgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------------------

_FILE = "demo.sqlite3" if DEMO else "evbalancer.sqlite3"
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / _FILE}")}
# Apart from the URL a password may hold any character, and come from a file.
DATABASES["default"]["PASSWORD"] = env.str(
    "DATABASE_PASSWORD", default=DATABASES["default"].get("PASSWORD", "")
)
DATABASES["default"]["CONN_MAX_AGE"] = 0  # above zero leaks connections under ASGI
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    (BASE_DIR / "var").mkdir(exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        # A deferred transaction that turns into a writer fails at once when another one writes; IMMEDIATE queues.
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }

else:
    # A server that was cut off without a word is noticed in seconds, not in the kernel's quarter of an hour.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
        **DATABASES["default"].get("OPTIONS", {}),
    }

# How many HTTP requests of a process run at once, each with a connection of its own; the others queue.
HTTP_AT_ONCE = env.int("HTTP_AT_ONCE", default=20)
# The most that a request may carry, whoever sends it. Nothing is longer but a list of charge points to import.
HTTP_MAX_BODY_BYTES = env.int("HTTP_MAX_BODY_BYTES", default=2 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = HTTP_MAX_BODY_BYTES

# --- Redis: channel layer, cache, Celery ----------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {
                # redis-py 8 would end an idle receiver after 5 s and refuse a storm of connections.
                "hosts": [{"address": REDIS_URL, "socket_timeout": None, "max_connections": 10_000}],
                "capacity": 500,
            },
        },
    }
    CACHES = {
        "default": {
            "BACKEND": "evbalancer.common.cache.RedisOrMemory",
            "LOCATION": REDIS_URL,
            # The writer of chargers' reports asks it: nobody may wait for long for a Redis that says nothing.
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }
else:
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 500}}
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # Counters of guesses live here: who tries many names must not push them out.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL or "memory://")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Who sends a task hears at once that Redis is away, instead of waiting for it.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "max_retries": 1,
    "interval_start": 0,
    "interval_max": 0.2,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "queue_order_strategy": "evbalancer.common.shards:OwnShardFirst",
}
CELERY_TASK_IGNORE_RESULT = True
# A worker that is killed leaves its tasks to others. A task whose own process dies is not handed out again: it may be what kills it,
# and every task is asked for again within seconds or at its next turn.
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "balance"
# A task that hangs gives its worker back, before the broker would hand it out again (the visibility time-out above).
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

# Over how many queues clusters are dealt out: best one for each balancing worker.
BALANCE_SHARDS = env.int("BALANCE_SHARDS", default=1)
if BALANCE_SHARDS < 1:
    raise ImproperlyConfigured("BALANCE_SHARDS is 1 or more.")

# The runner of the rebalance that an event asks for: "celery", "inprocess" (the demo's loop) or "none" (tests).
BALANCE_RUNNER = env.str("BALANCE_RUNNER", default="celery" if REDIS_URL else "inprocess")

# --- People ---------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "drivers.User"
# Whether managers and operators of this server manage only with a second factor. Communities may ask for it on their own.
MANAGERS_NEED_SECOND_FACTOR = env.bool("MANAGERS_NEED_SECOND_FACTOR", default=False)
LOGIN_URL = "/login"
# Of the back office's own sign-in; the page above knows where its people go.
LOGIN_REDIRECT_URL = "/admin/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# For a server that nobody reaches but over the building's own network, which has no certificate.
PLAIN_HTTP = env.bool("PLAIN_HTTP", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not (DEBUG or DEMO or PLAIN_HTTP)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
# How long the link works that is mailed to who forgot a password.
PASSWORD_RESET_TIMEOUT = 3600

# --- Mail -----------------------------------------------------------------------------------------------------

# Without a host, the mail server of the back office sends; where there is none, nothing is sent, and the pages say so.
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=not EMAIL_USE_SSL)
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="ev-balancer@localhost")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "drivers.domain.mailing.mail_server.StoredServerBackend"
)

# --- Transport security ---------------------------------------------------------------------------------------

BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=SESSION_COOKIE_SECURE)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=365 * 86400 if SECURE_SSL_REDIRECT else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Requests of the metrics scraper and of a TLS-terminating proxy are believed only from here.
TRUSTED_ADDRESSES = env.list("TRUSTED_ADDRESSES", default=["127.0.0.1", "::1"])

# Private data at rest (provider tokens). The first key encrypts, all of them decrypt.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[])

# --- HTTP API -------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "drivers.api.authentication.DriverJWTAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["evbalancer.common.web.parsing.PlainJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["evbalancer.common.web.filters.TenantFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "evbalancer.common.web.api.Paging",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "evbalancer.common.web.api.problem_details",
    "DEFAULT_THROTTLE_RATES": {"token": "20/min", "slot": "60/min", "emergency": "20/hour"},
    # Whose address a throttle counts: the proxy's word is believed only where there is one.
    "NUM_PROXIES": 1 if BEHIND_PROXY else 0,
    "PAGE_SIZE": 50,
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "ALGORITHM": "HS256",
    "CHECK_REVOKE_TOKEN": True,
    "UPDATE_LAST_LOGIN": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "EV Balancer",
    "DESCRIPTION": "Slots, charging, fairness and the grid of a community's chargers.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # Many models have a kind or a state; each set of choices is named for what it says.
    "ENUM_NAME_OVERRIDES": {
        "OcppVersionEnum": "chargers.enums.OcppVersion",
        "SlotStateEnum": "scheduling.enums.SlotState",
        "EmergencyStateEnum": "scheduling.enums.EmergencyState",
        "FindingStateEnum": "scheduling.enums.FindingState",
        "FindingKindEnum": "scheduling.enums.FindingKind",
        "AlarmKindEnum": "scheduling.enums.AlarmKind",
        "ChannelKindEnum": "scheduling.enums.ChannelKind",
        "SessionStateEnum": "chargers.enums.SessionState",
        "ConnectorStatusEnum": "chargers.enums.ConnectorStatus",
        "AuthorizationStatusEnum": "drivers.enums.AuthorizationStatus",
        "IdTagKindEnum": "drivers.enums.IdTagKind",
        "CommandStateEnum": "chargers.enums.CommandState",
        "CommandKindEnum": "chargers.enums.CommandKind",
        "ConnectionStateEnum": "fleet.enums.ConnectionState",
        "NotificationKindEnum": "drivers.enums.NotificationKind",
        "CircuitKindEnum": "grid.enums.CircuitKind",
        "BillLineKindEnum": "pricing.enums.LineKind",
        "StatementKindEnum": "pricing.enums.StatementKind",
        "StatementStateEnum": "pricing.enums.StatementState",
        "AimEnum": "scheduling.solver.problem.Aim",
        "SeasonAimEnum": "scheduling.enums.ClusterAim",
        "LimitSource": "grid.enums.LimitSource",
        "ReadingSource": "fleet.enums.ReadingSource",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "chargers.api.schema.describe_orders",
        "evbalancer.common.web.schema.describe_refusals",
        "evbalancer.common.web.schema.close_bodies",
    ],
}

# --- Charge points --------------------------------------------------------------------------------------------

# Where charge points of security profile 0 (no password) may connect from; nowhere if empty.
OCPP_OPEN_NETWORKS = env.list("OCPP_OPEN_NETWORKS", default=[])
# Proxies whose word on a charge point's address, TLS and certificate is believed.
OCPP_TRUSTED_PROXIES = env.list("OCPP_TRUSTED_PROXIES", default=TRUSTED_ADDRESSES if BEHIND_PROXY else [])
OCPP_CLIENT_CERT_HEADER = env.str("OCPP_CLIENT_CERT_HEADER", default="X-Client-Cert")
# Signs certificates of charge points; without them their requests are rejected.
OCPP_CA_CERT = env.str("OCPP_CA_CERT", default="")
OCPP_CA_KEY = env.str("OCPP_CA_KEY", default="")
OCPP_CERTIFICATE_DAYS = env.int("OCPP_CERTIFICATE_DAYS", default=365)
# Whether strangers wait for a manager's decision instead of being refused, and the slug of the community that decides.
OCPP_HOLD_UNKNOWN = env.bool("OCPP_HOLD_UNKNOWN", default=False)
OCPP_HOLD_FOR = env.str("OCPP_HOLD_FOR", default="")
# The longest frame of a stranger, and of a charge point that was accepted: some tell a whole night with one StopTransaction.
OCPP_MAX_FRAME_BYTES = env.int("OCPP_MAX_FRAME_BYTES", default=64 * 1024)
OCPP_MAX_ACCEPTED_FRAME_BYTES = env.int("OCPP_MAX_ACCEPTED_FRAME_BYTES", default=4 * 1024 * 1024)
# The OCPP log's share of the disk; what is older goes before its time. 0: as much as comes.
OCPP_LOG_MAX_MB = env.int("OCPP_LOG_MAX_MB", default=4096)
OCPP_CALL_TIMEOUT_S = env.int("OCPP_CALL_TIMEOUT_S", default=30)
# Shorter than SILENCE_S: as long as it speaks, an idle connector costs nothing.
OCPP_HEARTBEAT_S = env.int("OCPP_HEARTBEAT_S", default=20)
OCPP_METER_SAMPLE_S = env.int("OCPP_METER_SAMPLE_S", default=10)
# How often a charge point that can show it receives the cost of its car so far; never if 0.
OCPP_COST_S = env.int("OCPP_COST_S", default=60)

# --- Leases, see docs/adr/0020 ------------------------------------------------------------------------------------
# A limit above the fallback lapses to it after so long without the server.
LEASE_S = env.int("LEASE_S", default=120)
# A limit below the fallback is held for so long: longer than every lease beside it.
HOLD_S = env.int("HOLD_S", default=300)
# A transaction that begins without us gets 0 A for so long, then the fallback.
FALLBACK_WAIT_S = env.int("FALLBACK_WAIT_S", default=env.int("DEFAULT_WAIT_S", default=300))
# The longest way of a StartTransaction: a dead link is noticed, the socket reopened, the queue flushed.
START_WAY_S = env.int("START_WAY_S", default=70)
# After so long a silence a charger has to tell its state before its signs of life count as knowledge of it.
SILENCE_S = env.int("SILENCE_S", default=25)
# Keyed hash of charge point keys; a separate secret so that SECRET_KEY can be rotated.
CHARGER_KEY_PEPPER = env.str("CHARGER_KEY_PEPPER", default="") or SECRET_KEY

# --- Web push -------------------------------------------------------------------------------------------------

# P-256 in base64url: `manage.py make_push_key`. Without it browsers are offered none; with another one they have to be allowed again.
WEB_PUSH_KEY = env.str("WEB_PUSH_KEY", default="")
# mailto: or https:, for the operators of push services.
WEB_PUSH_CONTACT = env.str("WEB_PUSH_CONTACT", default="")

# --- Smartcar -------------------------------------------------------------------------------------------------

SMARTCAR_CLIENT_ID = env.str("SMARTCAR_CLIENT_ID", default="")
# Without an id: whether made-up cars stand in for real ones. What they say is evidence of nothing.
SMARTCAR_MOCK = env.bool("SMARTCAR_MOCK", default=DEBUG or DEMO)
SMARTCAR_CLIENT_SECRET = env.str("SMARTCAR_CLIENT_SECRET", default="")
SMARTCAR_REDIRECT_URI = env.str(
    "SMARTCAR_REDIRECT_URI", default="http://127.0.0.1:8000/auth/smartcar/callback"
)
SMARTCAR_MODE = env.str("SMARTCAR_MODE", default="live")
# "v2": a pair of tokens for each driver. "v3": one token for the application, and the driver's id in each call.
SMARTCAR_API = env.str("SMARTCAR_API", default="v2")
# What Connect knows the application by; V3's credentials for calls have an id of their own.
SMARTCAR_APPLICATION_ID = env.str("SMARTCAR_APPLICATION_ID", default="")
SMARTCAR_TOKEN_URL = env.str("SMARTCAR_TOKEN_URL", default="https://iam.smartcar.com/oauth2/token")
SMARTCAR_SCOPES = env.list(
    "SMARTCAR_SCOPES",
    default=[
        "required:read_vehicle_info",
        "required:read_battery",
        "required:read_charge",
        "read_odometer",
        "control_charge",
    ],
)
# Signs webhooks; on the dashboard it is the Application Management Token.
SMARTCAR_WEBHOOK_KEY = env.str("SMARTCAR_WEBHOOK_KEY", default="")
SMARTCAR_CALLS_AT_ONCE = env.int("SMARTCAR_CALLS_AT_ONCE", default=120)
SMARTCAR_CALLS_PER_MINUTE = env.int("SMARTCAR_CALLS_PER_MINUTE", default=2)
SMARTCAR_CALLS_PER_CAR_AND_MONTH = env.int("SMARTCAR_CALLS_PER_CAR_AND_MONTH", default=500)

# --- Language, time, files ------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "templates" / "locale"]
LANGUAGES = offered_languages(LOCALE_PATHS[0])
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "evbalancer.formats"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not (DEBUG or DEMO)
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = DEBUG or DEMO
if WHITENOISE_USE_FINDERS:
    STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns of a missing one, though nothing is collected here

# --- Admin ----------------------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "EV Balancer",
    "SITE_HEADER": "EV Balancer",
    "SITE_SUBHEADER": "evbalancer.admin.site.zone_note",
    "SITE_SYMBOL": "ev_station",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("icon.svg")}],
    "STYLES": [lambda _: static("css/admin.css")],
    "SCRIPTS": [lambda _: static("dashboard/choices.js")],
    "SHOW_BACK_BUTTON": True,
    "ACCOUNT": {"navigation": [{"title": gettext_lazy("My account"), "link": reverse_lazy("account")}]},
    "DASHBOARD_CALLBACK": "evbalancer.admin.dashboard.index",
    "SIDEBAR": {"show_search": False, "navigation": "evbalancer.admin.navigation.sidebar"},
    # The green of the live page.
    "COLORS": {
        "primary": {
            "50": "236 251 244",
            "100": "210 244 227",
            "200": "168 233 203",
            "300": "113 214 172",
            "400": "63 190 139",
            "500": "32 160 111",
            "600": "22 128 88",
            "700": "19 103 73",
            "800": "18 82 60",
            "900": "16 68 51",
            "950": "6 39 29",
        },
    },
}

# --- Logs -----------------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="WARNING" if DEMO else "INFO")
LOG_FORMAT = env.str("LOG_FORMAT", default="console" if sys.stderr.isatty() else "json")
LOGGING_CONFIG = "evbalancer.ops.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
