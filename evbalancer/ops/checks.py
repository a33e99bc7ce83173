"""`manage.py check --deploy` for what Django does not know of: what would be unsafe in production, and why."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 (Django's own name)


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
def check_addresses(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for address in settings.TRUSTED_ADDRESSES:
        try:
            network = ipaddress.ip_network(address)
        except ValueError:
            found.append(Error(f"TRUSTED_ADDRESSES: {address!r} is no address.", id="evbalancer.E004"))
            continue
        if network.prefixlen == 0:
            found.append(Error(f"TRUSTED_ADDRESSES trusts everybody with {address!r}.", id="evbalancer.E005"))
    if settings.OCPP_ALLOW_PROFILE_0:
        found.append(
            Warning(
                "OCPP_ALLOW_PROFILE_0 is on: whoever knows a charge point's name can speak for it.",
                id="evbalancer.W002",
            ),
        )
    return found


@register(Tags.database, deploy=True)
def check_processes(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Several processes need Redis between them; PostgreSQL without it hints at a forgotten variable."""
    if settings.REDIS_URL or not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return []
    return [
        Warning(
            "PostgreSQL without REDIS_URL: one server process only, and it must balance by itself.",
            id="evbalancer.W003",
        ),
    ]
