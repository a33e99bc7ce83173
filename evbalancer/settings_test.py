"""The tests' settings: a secret of their own, fast hashing, no background work."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")

# Tests clear their Redis database: each further worker of pytest-xdist has the next one. Servers that a test starts inherit it.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
if os.environ.get("REDIS_URL") and os.environ.get("EVB_TESTS_REDIS_OF", "gw0") != _worker:
    _server, _, _database = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{_server}/{int(_database) + int(_worker.removeprefix('gw'))}"
    os.environ["EVB_TESTS_REDIS_OF"] = _worker

from evbalancer.settings import *  # noqa: E402, F403

BALANCE_RUNNER = "none"
SMARTCAR_MOCK = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file: in memory all threads share one cache, where a writer locks readers out at once instead of queueing.
    _run = os.environ.get("PYTEST_XDIST_TESTRUNUID", os.getpid())
    _test_database = Path(tempfile.gettempdir()) / f"evbalancer-tests-{_run}.sqlite3"
    DATABASES["default"]["TEST"] = {"NAME": str(_test_database)}  # noqa: F405

else:
    # A power cut during the tests may cost their last commits.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"  # noqa: F405

STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405  # whitenoise warns of a missing one
