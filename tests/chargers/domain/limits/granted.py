"""A composite schedule as the protocol rooms hand it to the domain."""

from typing import Any


def granted(*periods: tuple[float, float]) -> dict[str, Any]:
    """Of seconds from now on and amperes."""
    return {"granted": [{"start_s": float(at), "limit_ma": round(limit_a * 1000)} for at, limit_a in periods]}
