"""All that a statement's paper says, as plain facts: stored when it is issued, so that it reads the same for ever.

A name that changes later, a new address or another rate of tax doesn't reach it. Sentences are made when it is printed.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime
from itertools import takewhile
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from drivers.domain.language import language_of
from evbalancer.common.plain import printable
from grid.models import Community
from pricing.domain.reports.savings import savings_of, sum_savings
from pricing.domain.statements.charges import charges_of
from pricing.domain.statements.taxes import tax_lines
from pricing.enums import LineKind, PaymentKind, StatementKind
from pricing.models import (
    BillingDetails,
    BillLine,
    Mandate,
    Statement,
    StatementItem,
    TariffVersion,
    Wallet,
)

# What a document reads of its statement beside the lines.
SHOWN_WITH = ("driver__preference", "driver__flat", "flat", "month", "corrects")


class Composer:
    """Composes documents of a community's statements; reads the lines of all of them at once."""

    def __init__(
        self, community: Community, details: BillingDetails, statements: Collection[Statement]
    ) -> None:
        self.community = community
        self.details = details
        self._zone = ZoneInfo(community.time_zone)
        drivers = {each.driver_id for each in statements}
        self._wallets = set(Wallet.objects.filter(driver__in=drivers).values_list("driver", flat=True))
        in_force = Mandate.objects.filter(driver__in=drivers, revoked_at=None)
        self._mandates: dict[UUID | None, Mandate] = {each.driver_id: each for each in in_force}
        self._items: dict[UUID, list[StatementItem]] = defaultdict(list)
        rows = StatementItem.objects.filter(statement__in=[each.pk for each in statements]).select_related(
            "bill_line__session__connector__charge_point",
            "bill_line__session__vehicle",
            "bill_line__version__tariff",
            "bill_line__driver",
            "reverses__bill_line__session__connector__charge_point",
            "reverses__bill_line__version__tariff",
        )
        for item in rows:
            self._items[item.statement_id].append(item)
        lines = [line for item in rows if (line := _line_of(item)) is not None]
        self._metered = _read_metered(lines)
        versions = TariffVersion.objects.filter(pk__in={line.version_id for line in lines})
        self._tax_included: dict[UUID | None, str] = dict(versions.values_list("pk", "body__tax_included"))
        self._savings = savings_of(
            {line.metered_session.pk for line in lines if line.kind == LineKind.ENERGY}
        )

    def compose(self, statement: Statement) -> dict[str, Any]:
        items = sorted(self._items[statement.pk], key=_begin)
        taxes = tax_lines(share for item in items for share in item.shares)
        return {
            "kind": statement.kind,
            "number": statement.label,
            "month": f"{statement.month.first_day:%Y-%m}",
            "issued_on": self._day(statement.issued_at),
            "due_on": statement.due_on.isoformat() if statement.due_on is not None else None,
            "language": self._language(statement),
            "time_zone": self.community.time_zone,
            "currency": statement.currency,
            "community": _clean(self.community.name),
            "issuer": self._issuer(),
            "recipient": self._recipient(statement),
            "corrects": statement.corrects.label if statement.corrects is not None else "",
            "reason": _clean(statement.reason),
            "payment": self._payment(statement),
            "lines": [self._line(item, statement) for item in items],
            "taxes": [asdict(each) for each in taxes],
            "energy_wh": statement.energy_wh,
            "total_minor": statement.total_minor,
            "saving": self._saving(items),
        }

    def _saving(self, items: Collection[StatementItem]) -> dict[str, int] | None:
        """Against charging at once; None where no session could be compared."""
        lines = [item.bill_line for item in items if item.bill_line is not None]
        sessions = {line.metered_session.pk for line in lines if line.kind == LineKind.ENERGY}
        saving = sum_savings(self._savings.get(session_id) for session_id in sessions)
        return asdict(saving) if saving.compared else None

    def _issuer(self) -> dict[str, str]:
        details = self.details
        return {
            "name": _clean(details.name or self.community.name),
            "address": _clean(details.address),
            "tax_number": _clean(details.tax_number),
            "account_holder": _clean(details.account_holder or details.name or self.community.name),
            "iban": details.iban,
            "bic": details.bic,
            "note": _clean(details.note),
        }

    def _recipient(self, statement: Statement) -> dict[str, str]:
        driver, flat = statement.driver, statement.flat
        if flat is not None:
            name, unit, address = flat.holder or flat.name, flat.name, flat.address
        elif driver is not None:
            home = driver.flat
            unit = driver.unit or (home.name if home is not None else "")
            name, address = driver.name, home.address if home is not None else ""
        else:
            name, unit, address = self.community.name, "", ""
        return {"name": _clean(name), "unit": _clean(unit), "address": _clean(address)}

    def _payment(self, statement: Statement) -> dict[str, str]:
        """A wallet comes before a mandate, and a transfer is what is left."""
        if statement.driver_id in self._wallets:
            return {"way": PaymentKind.WALLET}
        mandate = self._mandates.get(statement.driver_id)
        if mandate is None or statement.currency != "EUR":
            return {"way": PaymentKind.ACCOUNT}
        return {"way": PaymentKind.DEBIT, "mandate": mandate.reference, "account": mandate.iban_end}

    def _language(self, statement: Statement) -> str:
        return language_of(getattr(statement.driver, "preference", None), self.community)

    def _line(self, item: StatementItem, statement: Statement) -> dict[str, Any]:
        line = _line_of(item)
        common = {
            "amount_minor": item.amount_minor,
            "energy_wh": item.energy_wh,
            "tax_bp": item.tax_bp,
        }
        if line is None:
            return {**common, "kind": "credit"}
        session = line.session
        car = session.vehicle if session is not None else None
        return {
            **common,
            "kind": line.kind,
            "session_id": str(session.pk) if session is not None else "",
            "started_at": self._local(line.started_at),
            "ended_at": self._local(line.ended_at),
            "tariff": _clean(str(line.version)) if line.version is not None else "",
            "place": _clean(line.place),
            "car": _clean(car.name) if car is not None else "",
            "car_id": str(car.pk) if car is not None else "",
            # Of a flat's statement, who of the flat it was.
            "driver": _clean(line.driver.name) if statement.flat_id and line.driver is not None else "",
            "register_from_wh": session.meter_start_wh if session is not None else None,
            "register_to_wh": session.meter_stop_wh if session is not None else None,
            "is_late": statement.kind == StatementKind.STATEMENT
            and line.ended_at.astimezone(self._zone).date() < statement.month.first_day,
            "charges": self._charges(line, item),
            # The arithmetic of a shared charge, and of nothing else.
            **({"demand": line.parts[0]} if line.kind == LineKind.DEMAND else {}),
        }

    def _charges(self, line: BillLine, item: StatementItem) -> list[dict[str, Any]]:
        """What the line's amount is made of; of a credit note, what is taken back."""
        before = []
        if line.kind == LineKind.ADJUSTMENT:
            before = list(takewhile(lambda each: each.pk != line.pk, self._metered[line.session_id]))
        tax_included = self._tax_included.get(line.version_id) or ""
        charges = charges_of(line, tax_bp=item.tax_bp, tax_included=tax_included, before=before)
        if item.bill_line is None:
            charges = [
                replace(each, quantity=-each.quantity, amount_minor=-each.amount_minor) for each in charges
            ]
        return [each.stored for each in charges]

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).isoformat(timespec="minutes")

    def _day(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.astimezone(self._zone).date().isoformat()


def read_document(statement: Statement) -> dict[str, Any]:
    """The stored one; of a draft, what it would say now."""
    stored: dict[str, Any] = statement.document
    if stored:
        return stored
    details = BillingDetails.objects.filter(community=statement.community_id).first()
    composer = Composer(statement.community, details or BillingDetails(), [statement])
    return composer.compose(statement)


def _line_of(item: StatementItem) -> BillLine | None:
    """The line that an item bills, or takes back."""
    if item.reverses is not None:
        return item.reverses.bill_line
    return item.bill_line


def _read_metered(lines: Collection[BillLine]) -> dict[UUID | None, list[BillLine]]:
    """Of corrected sessions: all lines of their energy, in the order in which they were written."""
    corrected = {line.session_id for line in lines if line.kind == LineKind.ADJUSTMENT}
    found: dict[UUID | None, list[BillLine]] = defaultdict(list)
    if corrected:
        rows = BillLine.objects.filter(session__in=corrected, kind__in=BillLine.METERED)
        for line in rows.order_by("created_at", "pk"):
            found[line.session_id].append(line)
    return found


def _begin(item: StatementItem) -> Any:
    line = _line_of(item)
    return (line is None, line and line.started_at, line and line.created_at, str(item.pk))


def _clean(text: str) -> str:
    """Names are data that others wrote: without control characters, line breaks of addresses kept."""
    return "\n".join(printable(line, instead=" ").strip() for line in text.splitlines()).strip()
