"""Charging profiles in OCPP 2.0.1's words (part 2, use cases K01 to K09).

A station knows a profile by its id alone, whichever EVSE it is for (K01.FR.05), so that every EVSE has ids of its own.
"""

from datetime import datetime
from typing import Any

from chargers.ocpp.v201.times import utc_text
from evbalancer.common.units import ma_to_a

TX_STACK_LEVEL = 1
TX, DEFAULT, STATION = 1, 2, 3
IDS_PER_EVSE = 10
SCHEDULE_ID = 1
