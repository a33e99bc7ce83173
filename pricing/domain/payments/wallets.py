"""Prepaid wallets: an append-only ledger whose balance no statement takes below its floor."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from drivers.domain.notifications import notify_driver
from drivers.enums import NotificationKind
from drivers.models import Driver
from evbalancer.common.errors import InvalidInput
from evbalancer.common.words.said import Said
from grid.domain import audit
from pricing.domain.payments.receipts import enter_payment, open_minor
from pricing.enums import PaymentKind, WalletEntryKind
from pricing.models import Statement, Wallet, WalletEntry


@transaction.atomic
def open_wallet(driver: Driver, *, floor_minor: int, actor: audit.Actor, now: datetime) -> Wallet:
    """Raises InvalidInput where the driver has one."""
    wallet, is_new = Wallet.objects.get_or_create(
        driver=driver,
        defaults={
            "community_id": driver.community_id,
            "floor_minor": floor_minor,
            "currency": driver.community.currency,
            "created_at": now,
        },
    )
    if not is_new:
        raise InvalidInput("driver", gettext("This driver has a wallet already."))
    audit.record_entry(
        actor=actor, action="wallet.opened", target=wallet, now=now, after={"floor_minor": floor_minor}
    )
    return wallet


@transaction.atomic
def fill_wallet(
    wallet: Wallet, *, amount_minor: int, note: str, actor: audit.Actor, now: datetime
) -> WalletEntry:
    """Money that the driver paid in; below zero what is paid out. Raises InvalidInput below the floor."""
    wallet = Wallet.objects.select_for_update(no_key=True).get(pk=wallet.pk)
    if not amount_minor:
        raise InvalidInput("amount", gettext("Enter a sum."))
    balance_minor = balance_of(wallet) + amount_minor
    if amount_minor < 0 and balance_minor < wallet.floor_minor:
        raise InvalidInput(
            "amount",
            gettext("At most %(value)s is there.")
            % {"value": f"{(balance_of(wallet) - wallet.floor_minor) / 100:.2f}"},
        )
    kind = WalletEntryKind.FILLED if amount_minor > 0 else WalletEntryKind.PAID_OUT
    entry = _book(wallet, amount_minor, kind, now=now, note=note)
    audit.record_entry(
        actor=actor, action="wallet.filled", target=wallet, now=now, after={"amount_minor": amount_minor}
    )
    return entry


@transaction.atomic
def draw_statement(statement: Statement, *, actor: audit.Actor, now: datetime) -> int:
    """Pay a statement from its driver's wallet, as far as the floor lets it. Returns what is left open; the driver hears of that."""
    wallet = Wallet.objects.select_for_update(no_key=True).filter(driver=statement.driver_id).first()
    owed_minor = open_minor(statement)
    if wallet is None or owed_minor <= 0 or wallet.currency != statement.currency:
        return owed_minor
    drawn_minor = min(owed_minor, max(0, balance_of(wallet) - wallet.floor_minor))
    if drawn_minor:
        _book(wallet, -drawn_minor, WalletEntryKind.DRAWN, now=now, statement=statement)
        enter_payment(
            statement,
            amount_minor=drawn_minor,
            way=PaymentKind.WALLET,
            paid_on=now.date(),
            actor=actor,
            now=now,
        )
    left_minor = owed_minor - drawn_minor
    if left_minor and statement.driver is not None:
        notify_driver(
            statement.driver,
            kind=NotificationKind.STATEMENT,
            said=Said(
                "wallet.short",
                {"number": statement.label, "left": f"{left_minor / 100:.2f} {statement.currency}"},
            ),
            about=f"wallet:{statement.pk}",
            now=now,
        )
    return left_minor


def balance_of(wallet: Wallet) -> int:
    newest = WalletEntry.objects.filter(wallet=wallet).order_by("-sequence").first()
    return newest.balance_minor if newest is not None else 0


def _book(
    wallet: Wallet,
    amount_minor: int,
    kind: WalletEntryKind,
    *,
    now: datetime,
    note: str = "",
    statement: Statement | None = None,
) -> WalletEntry:
    newest = WalletEntry.objects.filter(wallet=wallet).order_by("-sequence").first()
    entry: WalletEntry = WalletEntry.objects.create(
        community_id=wallet.community_id,
        wallet=wallet,
        sequence=newest.sequence + 1 if newest is not None else 1,
        kind=kind,
        amount_minor=amount_minor,
        balance_minor=(newest.balance_minor if newest is not None else 0) + amount_minor,
        floor_minor=wallet.floor_minor,
        statement=statement,
        note=note,
        at=now,
    )
    return entry
