"""A statement's document as it is stored."""

from copy import deepcopy

LINE = {
    "amount_minor": 300,
    "energy_wh": 10_000,
    "tax_bp": 1900,
    "kind": "energy",
    "session_id": "00000000-0000-4000-8000-000000000001",
    "started_at": "2026-11-10T19:00+01:00",
    "ended_at": "2026-11-10T21:00+01:00",
    "place": "A-01 1",
    "car": "Blue one",
    "car_id": "00000000-0000-4000-8000-000000000002",
    "driver": "",
    "register_from_wh": 100_000,
    "register_to_wh": 110_000,
    "is_late": False,
    "charges": [
        {
            "kind": "ENERGY",
            "unit": "Wh",
            "quantity": 10_000,
            "price": "0.3",
            "tax_bp": 1900,
            "amount_minor": 300,
        }
    ],
}
DOCUMENT = {
    "kind": "statement",
    "number": "2026-0001",
    "month": "2026-11",
    "issued_on": "2026-12-01",
    "due_on": "2026-12-15",
    "language": "en",
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "community": "Maple Court",
    "issuer": {
        "name": "Maple Court e.V.",
        "address": "Ahornweg 1\n12345 Berlin",
        "tax_number": "DE123456789",
        "account_holder": "Maple Court e.V.",
        "iban": "DE02120300000000202051",
        "bic": "BYLADEM1001",
        "note": "",
    },
    "recipient": {"name": "Ada Example", "unit": "Flat 3", "address": "Ahornweg 1\n12345 Berlin"},
    "corrects": "",
    "reason": "",
    "payment": {"way": "account"},
    "lines": [LINE],
    "taxes": [{"rate_bp": 1900, "net_minor": 252, "tax_minor": 48, "gross_minor": 300}],
    "energy_wh": 10_000,
    "total_minor": 300,
}


def a_document(**changes):
    """One line of 10 kWh for 3.00."""
    return deepcopy(DOCUMENT) | changes
