"""Digests of secrets that a person carries: enough to recognise one, not enough to use it."""

import hashlib


def digest(secret: str) -> str:
    """Of a secret that is random and long: nothing slower is needed to keep it from being guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
