"""What a statement's paper shows, in its reader's language, made of the stored document alone."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, override

from evbalancer.common.words.amounts import number
from pricing.domain.papers.arithmetic import explain_demand
from pricing.domain.papers.charges import (
    charge_cells,
    charge_name,
    charges_in,
    show_kwh,
    show_money,
)
from pricing.domain.payments.ways import payment_words, transfer_code
from pricing.enums import LineKind, StatementKind
from pricing.rating.priced import Kind

# Longer words can be broken there: a name of a hundred letters stays within its column.
LONGEST_WORD = 28
BREAK = "\u200b"


def paper_of(document: Mapping[str, Any], *, language: str = "") -> dict[str, Any]:
    """The texts of all places of `templates/pricing/statement.typ`. Without a language, in the one it was issued in."""
    with override(language or document["language"]):
        return _paper(document)


def _paper(document: Mapping[str, Any]) -> dict[str, Any]:
    issuer, recipient = document["issuer"], document["recipient"]
    zone = ZoneInfo(document["time_zone"])
    lines = [_rows(line, document["currency"], zone) for line in document["lines"]]
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
        "rows": [row for rows in lines for row in rows],
        # No rule below a row that the next one goes on with.
        "joined": [row is not rows[-1] for rows in lines for row in rows],
        "sums": _sums(document),
        "total": [
            gettext("Credited") if is_credit else gettext("Total"),
            show_money(document["total_minor"], document["currency"]),
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
        "energy": show_kwh(document["energy_wh"]),
    }
    told = " ".join([told, *_saving(document)])
    return _breakable(f"{document['reason']}\n{told}" if document["reason"] else told)


def _saving(document: Mapping[str, Any]) -> Iterator[str]:
    """Against charging at once, as a sentence, and a second one where that is not known of every session."""
    saving = document.get("saving")
    if not saving:
        return
    words = {"sum": show_money(abs(saving["saved_minor"]), document["currency"])}
    if saving["saved_minor"] > 0:
        yield gettext("Charging at once would have cost %(sum)s more.") % words
    elif saving["saved_minor"] < 0:
        yield gettext("Charging at once would have cost %(sum)s less.") % words
    else:
        yield gettext("Charging at once would have cost the same.")
    if saving["unknown"]:
        yield gettext(
            "This compares %(compared)s of %(all)s sessions; of the others a price is not known."
        ) % {
            "compared": saving["compared"],
            "all": saving["compared"] + saving["unknown"],
        }


def _columns() -> tuple[str, ...]:
    return (
        gettext("When"),
        gettext("Where and what"),
        gettext("Meter (kWh)"),
        gettext("Quantity"),
        gettext("Unit price"),
        gettext("Amount"),
    )


def _rows(line: Mapping[str, Any], currency: str, zone: ZoneInfo) -> list[list[str]]:
    """A line with one charge is one row; of several, each has a row of its own below the line's."""
    charges = charges_in(line)
    cells = [charge_cells(charge, currency) for charge in charges]
    if "started_at" not in line:
        return [["", gettext("Credit"), "", *each] for each in cells]
    what = [gettext("Correction")] if line["kind"] == LineKind.ADJUSTMENT else []
    if line["is_late"]:
        what.append(gettext("of a month before"))
    if len(charges) == 1 and charges[0]["kind"] != Kind.ENERGY:
        what.append(charge_name(charges[0]))
    what += [line["place"], line["car"], line["driver"]]
    told = " · ".join(part for part in what if part) or charge_name(charges[0])
    if "demand" in line:
        told = "\n".join([told, *explain_demand(line["demand"], currency, zone)])
    head = [_span(line["started_at"], line["ended_at"]), _breakable(told), _registers(line)]
    if len(charges) == 1:
        return [head + cells[0]]
    return [
        [*head, "", "", ""],
        *(["", charge_name(charge), "", *each] for charge, each in zip(charges, cells, strict=True)),
    ]


def _registers(line: Mapping[str, Any]) -> str:
    ends = (line["register_from_wh"], line["register_to_wh"])
    if line["kind"] != LineKind.ENERGY or None in ends:
        return ""
    return "\n".join(number(wh / 1000, digits=2, fixed=True) for wh in ends)


def _sums(document: Mapping[str, Any]) -> list[list[str]]:
    sums = _by_tariff(document)
    for tax in document["taxes"]:
        rate = number(tax["rate_bp"] / 100, digits=2)
        sums += [
            [
                gettext("Net at %(rate)s %%") % {"rate": rate},
                show_money(tax["net_minor"], document["currency"]),
            ],
            [
                gettext("VAT %(rate)s %%, contained") % {"rate": rate},
                show_money(tax["tax_minor"], document["currency"]),
            ],
        ]
    return sums


def _by_tariff(document: Mapping[str, Any]) -> list[list[str]]:
    """What each tariff makes of it, where there are several; without a tariff are prices of the market, and credits over an amount."""
    found: dict[str, list[int]] = {}
    for line in document["lines"]:
        # A shared charge is of no tariff, and names itself.
        name = gettext("Demand charge") if "demand" in line else line.get("tariff", "")
        sum_of = found.setdefault(name, [0, 0])
        sum_of[0] += line["energy_wh"]
        sum_of[1] += line["amount_minor"]
    if len(found) < 2:
        return []
    return [
        [
            # A shared charge has no energy of its own.
            (_breakable(tariff) or gettext("By other prices"))
            + (f", {show_kwh(energy_wh)}" if energy_wh else ""),
            show_money(amount_minor, document["currency"]),
        ]
        for tariff, (energy_wh, amount_minor) in sorted(
            found.items(), key=lambda entry: (not entry[0], entry[0])
        )
    ]


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
