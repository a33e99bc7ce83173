import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks

pytestmark = pytest.mark.promise("S14")


@pytest.fixture
def production(settings):
    """Settings that a production install would have."""
    settings.SECRET_KEY = "s" * 60
    settings.CHARGER_KEY_PEPPER = "p" * 60
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    settings.TRUSTED_ADDRESSES = ["127.0.0.1", "::1", "10.0.0.0/8"]
    settings.REDIS_URL = "redis://127.0.0.1:6379/6"
    settings.OCPP_ALLOW_PROFILE_0 = False
    settings.DEMO = False
    return settings


def ours() -> list[str]:
    found = run_checks(include_deployment_checks=True)
    return [message.id for message in found if message.id and message.id.startswith("evbalancer.")]


def test_checks_are_silent_about_a_sound_install(production) -> None:
    assert ours() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("FIELD_ENCRYPTION_KEYS", [], "evbalancer.E001"),
        ("FIELD_ENCRYPTION_KEYS", ["short"], "evbalancer.E002"),
        ("CHARGER_KEY_PEPPER", "s" * 60, "evbalancer.W001"),
        ("DEMO", True, "evbalancer.E003"),
        ("TRUSTED_ADDRESSES", ["proxy.example"], "evbalancer.E004"),
        ("TRUSTED_ADDRESSES", ["0.0.0.0/0"], "evbalancer.E005"),
        ("TRUSTED_ADDRESSES", ["::/0"], "evbalancer.E005"),
        ("OCPP_ALLOW_PROFILE_0", True, "evbalancer.W002"),
    ],
)
def test_checks_name_what_would_be_unsafe(name: str, value: object, expected: str, production) -> None:
    setattr(production, name, value)
    assert ours() == [expected]


def test_checks_notice_postgresql_without_redis(production, monkeypatch: pytest.MonkeyPatch) -> None:
    production.REDIS_URL = ""
    monkeypatch.setitem(production.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    assert ours() == ["evbalancer.W003"]
