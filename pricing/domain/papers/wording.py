"""What a statement's paper shows, in its reader's language, made of the stored document alone."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, gettext_noop, override

from evbalancer.common.words.amounts import number
from pricing.domain.payments.ways import payment_words, transfer_code
from pricing.enums import StatementKind

# Longer words can be broken there: a name of a hundred letters stays within its column.
LONGEST_WORD = 28
BREAK = "\u200b"
FEES = {
    "FLAT": gettext_noop("Per session"),
    "TIME": gettext_noop("Charging time"),
    "PARKING_TIME": gettext_noop("Parking"),
    "LIMIT": gettext_noop("Least or most of a session"),
}
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
KINDS = {
    "energy": "",
    "overstay": gettext_noop("Overstay"),
    "emergency": gettext_noop("Emergency surcharge"),
    "adjustment": gettext_noop("Correction"),
    "credit": gettext_noop("Credit"),
}


def paper_of(document: Mapping[str, Any], *, language: str = "") -> dict[str, Any]:
    """The texts of all places of `templates/pricing/statement.typ`. Without a language, in the one it was issued in."""
    with override(language or document["language"]):
        return _paper(document)


def _paper(document: Mapping[str, Any]) -> dict[str, Any]:
    issuer, recipient = document["issuer"], document["recipient"]
    is_credit = document["kind"] == StatementKind.CREDIT
    heading = gettext("Credit note") if is_credit else gettext("Statement")
    return {
        "title": f"{heading} {document['number']}".strip(),
        "is_draft": not document["number"],
        "language": get_language(),
        "words": {"draft": gettext("DRAFT"), "scan": gettext("Scan it with your bank's app")},
        "issuer": {"name": _breakable(issuer["name"]), "address": _one_line(issuer["address"])},
        "sender": " · ".join(part for part in (issuer["name"], _one_line(issuer["address"])) if part),
        "footer": _breakable(issuer["name"]),
        "recipient": {name: _breakable(text) for name, text in recipient.items()},
        "facts": _facts(document),
        "heading": f"{heading} · {_month(document['month'])}",
        "introduction": _introduction(document),
        "columns": [
            {"name": name, "wide": index == 1, "right": index > 1} for index, name in enumerate(_columns())
        ],
        "rows": [_row(line, document["currency"]) for line in document["lines"]],
        "sums": _sums(document),
        "total": [
            gettext("Credited") if is_credit else gettext("Total"),
            _money(document["total_minor"], document["currency"]),
        ],
        "payment": payment_words(document),
        "notes": [_breakable(issuer["note"])] if issuer["note"] else [],
        "qr": transfer_code(document),
    }


def _facts(document: Mapping[str, Any]) -> list[list[str]]:
    facts = [
        (gettext("Number"), document["number"]),
        (gettext("Date"), _day(document["issued_on"])),
        (gettext("Corrects"), document["corrects"]),
        (gettext("Due by"), "" if document["corrects"] else _day(document["due_on"])),
        (gettext("Tax number"), document["issuer"]["tax_number"]),
    ]
    return [[name, value] for name, value in facts if value]


def _introduction(document: Mapping[str, Any]) -> str:
    told = gettext("Charging at %(community)s, %(energy)s in total.") % {
        "community": document["community"],
        "energy": _kwh(document["energy_wh"]),
    }
    return _breakable(f"{document['reason']}\n{told}" if document["reason"] else told)


def _columns() -> tuple[str, ...]:
    return (
        gettext("When"),
        gettext("Where and what"),
        gettext("Meter (kWh)"),
        gettext("Energy"),
        gettext("Price per kWh"),
        gettext("Amount"),
    )


def _row(line: Mapping[str, Any], currency: str) -> list[str]:
    amount = _money(line["amount_minor"], currency)
    if "started_at" not in line:
        return ["", gettext("Credit"), "", "", "", amount]
    what = [gettext(KINDS[line["kind"]])] if KINDS.get(line["kind"]) else []
    if line["is_late"]:
        what.append(gettext("of a month before"))
    what += [line["place"], line["car"], line["driver"]]
    return [
        _span(line["started_at"], line["ended_at"]),
        _breakable(" · ".join(part for part in what if part)),
        _registers(line),
        _kwh(line["energy_wh"]) if line["energy_wh"] else "",
        "\n".join([*_prices(line["prices"], currency), *_fees(line.get("fees", {}), currency)]),
        amount,
    ]


def _registers(line: Mapping[str, Any]) -> str:
    ends = (line["register_from_wh"], line["register_to_wh"])
    if line["kind"] != "energy" or None in ends:
        return ""
    return "\n".join(number(wh / 1000, digits=2, fixed=True) for wh in ends)


def _prices(prices: list[Mapping[str, int]], currency: str) -> list[str]:
    if len(prices) == 1:
        return [_price(prices[0]["price_per_mwh_minor"], currency)]
    return [f"{_kwh(each['energy_wh'])}: {_price(each['price_per_mwh_minor'], currency)}" for each in prices]


def _fees(fees: Mapping[str, int], currency: str) -> list[str]:
    return [
        f"{gettext(FEES[kind]) if kind in FEES else kind}: {_money(amount_minor, currency)}"
        for kind, amount_minor in fees.items()
    ]


def _sums(document: Mapping[str, Any]) -> list[list[str]]:
    sums = []
    for tax in document["taxes"]:
        rate = number(tax["rate_bp"] / 100, digits=2)
        sums += [
            [
                gettext("Net at %(rate)s %%") % {"rate": rate},
                _money(tax["net_minor"], document["currency"]),
            ],
            [
                gettext("VAT %(rate)s %%, contained") % {"rate": rate},
                _money(tax["tax_minor"], document["currency"]),
            ],
        ]
    return sums


def _money(amount_minor: int, currency: str) -> str:
    return f"{number(amount_minor / 100, digits=2, fixed=True)} {SYMBOLS.get(currency, currency)}"


def _price(per_mwh_minor: int, currency: str) -> str:
    digits = next(count for count in (2, 3, 4, 5) if per_mwh_minor % 10 ** (5 - count) == 0)
    return f"{number(per_mwh_minor / 100_000, digits=digits, fixed=True)} {SYMBOLS.get(currency, currency)}"


def _kwh(energy_wh: int) -> str:
    return f"{number(energy_wh / 1000, digits=2, fixed=True)} kWh"


def _span(started_at: str, ended_at: str) -> str:
    begin, end = datetime.fromisoformat(started_at), datetime.fromisoformat(ended_at)
    until = (
        f"{end:%H:%M}"
        if end.date() == begin.date()
        else date_format(end, "SHORT_DATE_FORMAT") + f", {end:%H:%M}"
    )
    return f"{date_format(begin, 'SHORT_DATE_FORMAT')}, {begin:%H:%M}\n– {until}"  # noqa: RUF001


def _month(month: str) -> str:
    return date_format(date.fromisoformat(f"{month}-01"), "F Y")


def _day(day: str | None) -> str:
    return date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT") if day else ""


def _one_line(text: str) -> str:
    return " · ".join(line for line in text.splitlines() if line)


def _breakable(text: str) -> str:
    words = []
    for word in text.split(" "):
        pieces = [word[at : at + LONGEST_WORD] for at in range(0, len(word), LONGEST_WORD)]
        words.append(BREAK.join(pieces))
    return " ".join(words)
