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
    settings.OCPP_OPEN_NETWORKS = []
    settings.OCPP_TRUSTED_PROXIES = ["127.0.0.1", "10.0.0.0/8"]
    settings.DEMO = False
    settings.SMARTCAR_MOCK = False
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
        ("PLAIN_HTTP", True, "evbalancer.W002"),
        ("SMARTCAR_MOCK", True, "evbalancer.E011"),
        ("ALLOWED_HOSTS", ["charging.example.org", "*"], "evbalancer.E012"),
        ("SMARTCAR_CLIENT_ID", "an id without its secret", "evbalancer.E010"),
        ("TRUSTED_ADDRESSES", ["proxy.example"], "evbalancer.E004"),
        ("TRUSTED_ADDRESSES", ["0.0.0.0/0"], "evbalancer.E005"),
        ("TRUSTED_ADDRESSES", ["::/0"], "evbalancer.E005"),
        ("OCPP_OPEN_NETWORKS", ["10.1.0.0/16"], "evbalancer.W002"),
        ("OCPP_TRUSTED_PROXIES", ["proxy.example"], "evbalancer.E006"),
        ("OCPP_TRUSTED_PROXIES", ["0.0.0.0/0"], "evbalancer.E007"),
        ("OCPP_HOLD_UNKNOWN", True, "evbalancer.W004"),
        ("OCPP_CA_KEY", "/nowhere/key.pem", "evbalancer.E008"),
    ],
)
def test_checks_name_what_would_be_unsafe(name: str, value: object, expected: str, production) -> None:
    setattr(production, name, value)
    assert set(ours()) == {expected}


def test_checks_refuse_charge_points_without_a_key_from_the_internet(production) -> None:
    production.OCPP_OPEN_NETWORKS = ["8.8.0.0/16"]
    assert ours() == ["evbalancer.E007", "evbalancer.W002"]


def test_checks_refuse_an_authority_whose_key_others_can_read(production, tmp_path) -> None:
    for name in ("OCPP_CA_CERT", "OCPP_CA_KEY"):
        (tmp_path / name).touch(mode=0o644)
        setattr(production, name, str(tmp_path / name))
    assert ours() == ["evbalancer.E009"]
    (tmp_path / "OCPP_CA_KEY").chmod(0o600)
    assert ours() == []


def test_checks_notice_postgresql_without_redis(production, monkeypatch: pytest.MonkeyPatch) -> None:
    production.REDIS_URL = ""
    monkeypatch.setitem(production.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    assert ours() == ["evbalancer.W003"]
