"""Who can sign in to the demo. Everybody may know these: it binds to loopback alone."""

from typing import Final

from drivers.enums import Role

ACCOUNTS: Final = (
    # username, password, role
    ("manager", "balance-the-load", Role.MANAGER),
    ("driver", "ready-by-seven", Role.DRIVER),
    ("resident", "who-is-charging", Role.RESIDENT),
)
OPERATOR: Final = ("operator", "keep-it-running")


def shown_accounts() -> list[tuple[str, str, str]]:
    """Role, name and password of each, for whoever is to choose one."""
    return [(str(role.label), name, password) for name, password, role in ACCOUNTS] + [
        ("Operator", *OPERATOR)
    ]
