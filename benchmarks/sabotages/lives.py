"""Short lives in which a fault has a chance to show: a few benches of the workshop, or another place whole."""

from evbalancer.life.plan import Plan


def at(*places: str, hours: float = 1.0, faults: str = "none", site: str = "workshop") -> Plan:
    """Only these charge points, with all that they and their people do. "manager of Narrow" and "server" are actors, too."""
    return Plan(hours=hours, site=site, faults=faults, only=frozenset(f"{place}: *" for place in places))
