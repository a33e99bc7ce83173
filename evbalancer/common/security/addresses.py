"""Addresses and the networks that a setting lists."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether the address belongs to one of the networks; a text that is no address belongs to none."""
    asking = _parsed(address)
    return asking is not None and any(asking in network for network in _networks(tuple(networks)))


def _parsed(address: str) -> Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    # A socket that listens on IPv6 shows IPv4 peers as ::ffff:192.0.2.1.
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


@lru_cache(maxsize=32)
def _networks(texts: tuple[str, ...]) -> list[Network]:
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue  # the deploy check names it
    return found
