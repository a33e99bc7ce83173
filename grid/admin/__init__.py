from grid.admin import (
    audit,
    circuit,
    cluster,
    community,
    demand,
    key,
    limit,
    meter,
    program,
    reading,
    retention,
)

__all__ = [
    "audit",
    "circuit",
    "cluster",
    "community",
    "demand",
    "key",
    "limit",
    "meter",
    "program",
    "reading",
    "retention",
]
