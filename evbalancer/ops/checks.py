"""`manage.py check --deploy` for what Django does not know of: what would be unsafe in production, and why."""

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 (Django's own name)

from evbalancer.common.security import push


@register(Tags.security, deploy=True)
def check_secrets(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.FIELD_ENCRYPTION_KEYS:
        found.append(
            Error(
                "FIELD_ENCRYPTION_KEYS is not set: cars cannot be connected, their tokens would be readable.",
                hint="See .env.example for how to make a key.",
                id="evbalancer.E001",
            ),
        )
    for number, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            found.append(
                Error(f"Key {number} of FIELD_ENCRYPTION_KEYS is not a Fernet key.", id="evbalancer.E002")
            )
    if settings.CHARGER_KEY_PEPPER == settings.SECRET_KEY:
        found.append(
            Warning(
                "CHARGER_KEY_PEPPER is SECRET_KEY: rotating the secret would lock out every charge point.",
                id="evbalancer.W001",
            ),
        )
    return found


@register(Tags.security, deploy=True)
def check_demo_is_off(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    if not settings.DEMO:
        return []
    return [Error("EVB_DEMO is set: the demo has known passwords.", id="evbalancer.E003")]


@register(Tags.security, deploy=True)
def check_transport(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    if not settings.PLAIN_HTTP:
        return []
    return [
        Warning(
            "PLAIN_HTTP is set: whoever is on the network between reads passwords and sessions.",
            hint="Only for a network of the building's own; there is no passkey and no app on a phone without TLS.",
            id="evbalancer.W002",
        )
    ]


@register(Tags.security, deploy=True)
def check_cars_are_real(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    if settings.SMARTCAR_CLIENT_ID and not settings.SMARTCAR_CLIENT_SECRET:
        return [Error("SMARTCAR_CLIENT_ID without SMARTCAR_CLIENT_SECRET.", id="evbalancer.E010")]
    if settings.SMARTCAR_CLIENT_ID or not settings.SMARTCAR_MOCK:
        return []
    return [
        Error(
            "SMARTCAR_MOCK is set: every linked car is made up.",
            hint="Set SMARTCAR_CLIENT_ID and SMARTCAR_CLIENT_SECRET, or leave SMARTCAR_MOCK out.",
            id="evbalancer.E011",
        )
    ]


@register(Tags.security, deploy=True)
def check_web_push(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    try:
        if push.is_set_up():
            push.public_key()
    except ValueError:
        return [
            Error(
                "WEB_PUSH_KEY is not a key: no browser can be reached.",
                hint="Make one by `manage.py make_push_key`.",
                id="evbalancer.E013",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_addresses(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for address in settings.TRUSTED_ADDRESSES:
        try:
            network = ipaddress.ip_network(address)
        except ValueError:
            found.append(Error(f"TRUSTED_ADDRESSES: {address!r} is not an address.", id="evbalancer.E004"))
            continue
        if network.prefixlen == 0:
            found.append(Error(f"TRUSTED_ADDRESSES trusts everybody with {address!r}.", id="evbalancer.E005"))
    return found


@register(Tags.security, deploy=True)
def check_hosts(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Error(
            "ALLOWED_HOSTS contains '*': a person who requests a password link can choose the host in it.",
            hint="List the hosts by which people reach the server.",
            id="evbalancer.E012",
        )
    ]


@register(Tags.security, deploy=True)
def check_charge_points(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name in ("OCPP_TRUSTED_PROXIES", "OCPP_OPEN_NETWORKS"):
        for text in getattr(settings, name):
            try:
                network = ipaddress.ip_network(text, strict=False)
            except ValueError:
                found.append(Error(f"{name}: {text!r} is not a network.", id="evbalancer.E006"))
                continue
            if network.prefixlen == 0 or (name == "OCPP_OPEN_NETWORKS" and network.is_global):
                found.append(
                    Error(
                        f"{name} trusts everybody, or a part of the internet, with {text!r}.",
                        id="evbalancer.E007",
                    )
                )
    if settings.OCPP_OPEN_NETWORKS:
        found.append(
            Warning(
                "OCPP_OPEN_NETWORKS is set: anybody there who knows a charge point's name can speak for it, if its "
                "security profile is 0. The server must not be reachable from elsewhere by those addresses.",
                id="evbalancer.W002",
            ),
        )
    if settings.OCPP_HOLD_UNKNOWN and not settings.OCPP_HOLD_FOR:
        found.append(
            Warning(
                "OCPP_HOLD_UNKNOWN without OCPP_HOLD_FOR: only operators see unknown charge points.",
                id="evbalancer.W004",
            ),
        )
    return found + _authority_complaints()


def _authority_complaints() -> list[CheckMessage]:
    files = {"OCPP_CA_CERT": settings.OCPP_CA_CERT, "OCPP_CA_KEY": settings.OCPP_CA_KEY}
    if not any(files.values()):
        return []
    found: list[CheckMessage] = []
    for name, text in files.items():
        if not text or not Path(text).is_file():
            found.append(Error(f"{name}: there is no file {text!r}.", id="evbalancer.E008"))
    if not found and Path(settings.OCPP_CA_KEY).stat().st_mode & 0o077:
        found.append(Error("OCPP_CA_KEY can be read by others: chmod 600.", id="evbalancer.E009"))
    return found


@register(Tags.database, deploy=True)
def check_processes(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Several processes need Redis between them; PostgreSQL without it hints at a forgotten variable."""
    if settings.REDIS_URL or not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return []
    return [
        Warning(
            "PostgreSQL without REDIS_URL: run one server process only, because it has to do the balancing.",
            id="evbalancer.W003",
        ),
    ]
