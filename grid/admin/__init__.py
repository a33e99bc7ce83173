from grid.admin import audit, circuit, cluster, community, demand, key, limit, meter, program, reading

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
]
