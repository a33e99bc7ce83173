from grid.admin import audit, circuit, cluster, community, limit, reading

__all__ = ["audit", "circuit", "cluster", "community", "limit", "reading"]
