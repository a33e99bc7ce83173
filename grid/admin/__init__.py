from grid.admin import audit, circuit, cluster, community, key, limit, reading

__all__ = ["audit", "circuit", "cluster", "community", "key", "limit", "reading"]
