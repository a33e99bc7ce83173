"""The ids of our charging profiles, in every version: of each connector and purpose one of its own.

A profile with an id that the charge point knows replaces the one it knows, whichever connector that is for (1.6 section
5.16.3, 2.0.1 K01.FR.05). Connector 0 is the whole charge point.
"""

IDS_PER_CONNECTOR = 10
TRANSACTION, FALLBACK, STATION = 1, 2, 3


def transaction_id(connector_number: int) -> int:
    return connector_number * IDS_PER_CONNECTOR + TRANSACTION


def fallback_id(connector_number: int) -> int:
    return connector_number * IDS_PER_CONNECTOR + FALLBACK


def station_id() -> int:
    return STATION
