"""Takes secrets out of messages from and to charge points, in every version, message and place.

A secret is known by the name beside it: a configuration key, a variable, a property. An address loses its user and
password. Every copy of a message that is kept (log, results, audit trail, exports, dumps) goes through here.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

HIDDEN = "…"
# Of vendors too; in the folded form of a name, without blanks, case and punctuation.
SECRET_WORDS = re.compile(
    r"authorizationkey|passw|passphrase|passcode|secret|pincode|pinpuk"
    r"|(?:access|admin|aes|api|auth|decryption|encryption|hmac|master|network|private|service|session|shared|wep|wifi|wlan|wpa\d?)key"
    r"|(?:access|api|auth|bearer|refresh|session)token"
    r"|(?:admin|installer|lock|menu|screen|service|sim)pin$"
    r"|(?:pass|psk|pwd|credentials?)$"
)
NAMING = ("key", "name", "variable", "component", "messageId")
VALUES = frozenset(
    {"value", "attributeValue", "actualValue", "variableAttribute", "data", "valueSet", "encrypted_key"}
)
# A password may hold a slash or an @ itself; the text after a port is a path.
ADDRESS = re.compile(
    r"([a-z][a-z0-9+.-]*://)(?:[^/@:\s\"']*:(?!\d{1,5}/)[^\s\"']*|[^/@\s\"']+)@", re.IGNORECASE
)
# As it stands in a header (RFC 7617, RFC 6750).
HEADER = re.compile(r"\b(basic|bearer) +(?=\S*[\d=._~+/-])[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE)
ASSIGNED = re.compile(
    r"(?P<name>[\w.-]*(?:authorizationkey|passw\w*|passphrase|secret|psk|api_?key)[\w.-]*\\?[\"']?\s*[:=]\s*)"
    r"(?P<quote>\\?[\"'])?(?P<value>(?(quote)[^\"'\\]*|[^\s,;&}\"'\\]+))",
    re.IGNORECASE,
)
MAY_ASSIGN = re.compile(r"authorizationkey|passw|passphrase|secret|psk|api_?key", re.IGNORECASE)
LONGEST_NAME = 120
# In the text of whatever may hold a secret (all that `SECRET_WORDS` can match, and addresses), or a NUL.
MARKS = (
    "key",
    "pass",
    "secret",
    "psk",
    "pwd",
    "pin",
    "credential",
    "@",
    "vpn",
    "\\u0000",
    "basic ",
    "bearer ",
    *(
        f"{kind}{dash}token"
        for kind in ("access", "api", "auth", "bearer", "refresh", "session")
        for dash in ("", "_", "-", ".", " ")
    ),
)
# Deeper than any message of OCPP.
MOST_DEPTH = 24
LONG_LIST = 60
LONG_TEXT = 6_000
LONG_OBJECT = 200


def is_secret_name(name: object) -> bool:
    """Whether what goes by this name must not be shown."""
    return isinstance(name, str) and _is_secret(name[:LONGEST_NAME])


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return SECRET_WORDS.search("".join(c for c in name.casefold() if c.isalnum())) is not None


def hide_secrets(value: Any, *, known: str = "", is_cut: bool = False) -> Any:
    """A copy without secrets; the value itself where there are none. `known` is one that is hidden wherever it stands.

    `is_cut`: long lists and texts are shortened too, for records that need not be whole.
    """
    if _is_harmless(value, known):
        return value
    return _hidden(value, known, MOST_DEPTH if is_cut else 10 * MOST_DEPTH, is_cut=is_cut)


def _is_harmless(value: Any, known: str) -> bool:
    """Most messages have no word in them that begins a secret, and a look at their text is quicker than a walk."""
    try:
        text = orjson.dumps(value).decode().lower()
    except TypeError:
        return False
    if known and known.lower() in text:
        return False
    return len(text) < LONG_TEXT and not [mark for mark in MARKS if mark in text]


def _hidden(value: Any, known: str, depth: int, *, is_cut: bool) -> Any:
    if isinstance(value, str):
        return _text(value, known, is_cut=is_cut)
    if isinstance(value, Mapping):
        if depth <= 0:
            return HIDDEN
        return _mapping(value, known, depth - 1, is_cut=is_cut)
    if isinstance(value, list | tuple):
        if depth <= 0:
            return HIDDEN
        shown = value[:LONG_LIST] if is_cut else value
        kept = [_hidden(one, known, depth - 1, is_cut=is_cut) for one in shown]
        return kept if len(shown) == len(value) else [*kept, f"… and {len(value) - len(shown)} more"]
    return value


def _mapping(value: Mapping[str, Any], known: str, depth: int, *, is_cut: bool) -> dict[str, Any]:
    names_secret = any(_names_secret(value.get(name)) for name in NAMING)
    found: dict[str, Any] = {}
    for count, (name, inner) in enumerate(value.items()):
        if is_cut and count >= LONG_OBJECT:
            found[HIDDEN] = f"and {len(value) - count} more"
            break
        key = _text(name, known, is_cut=is_cut)
        if name == "vpn" and isinstance(inner, Mapping) and "key" in inner:
            found[key] = _mapping({**inner, "key": HIDDEN}, known, depth, is_cut=is_cut)
        elif is_secret_name(name) and inner is not None and not isinstance(inner, bool):
            found[key] = HIDDEN
        elif names_secret and name in VALUES:
            found[key] = _without_values(inner)
        else:
            found[key] = _hidden(inner, known, depth, is_cut=is_cut)
    return found


def _names_secret(told: Any) -> bool:
    if isinstance(told, Mapping):
        return is_secret_name(told.get("name")) or is_secret_name(told.get("instance"))
    return is_secret_name(told)


def _without_values(inner: Any) -> Any:
    """A value, or the attributes of a variable with one each."""
    if isinstance(inner, list | tuple):
        return [
            {**one, "value": HIDDEN} if isinstance(one, Mapping) and "value" in one else one for one in inner
        ]
    return HIDDEN if inner else inner


def _text(text: str, known: str, *, is_cut: bool) -> str:
    if is_cut and len(text) > LONG_TEXT:
        text = text[:LONG_TEXT] + HIDDEN
    if known and known in text:
        text = text.replace(known, HIDDEN)
    if "@" in text and "://" in text:
        text = ADDRESS.sub(rf"\1{HIDDEN}@", text)
    if " " in text:
        text = HEADER.sub(rf"\1 {HIDDEN}", text)
    if (":" in text or "=" in text) and MAY_ASSIGN.search(text):
        text = ASSIGNED.sub(rf"\g<name>\g<quote>{HIDDEN}", text)
    # PostgreSQL can't store it in JSON; a whole batch of the log would be lost for it.
    return text.replace("\0", "\ufffd") if "\0" in text else text
