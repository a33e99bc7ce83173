"""Looks at the site: clocks, certificates, sessions and fallbacks of its charge points."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from django.conf import settings
from django.db.models import Q

from chargers.domain import presence
from chargers.domain.limits.managed import match_managed
from chargers.domain.sockets.certificates import ENDS_SOON, can_sign, certificates_to_renew
from chargers.models import ChargePoint, Connector, OrphanMessage, Session
from chargers.models.charge_point import NEVER_CONNECTED
from chargers.models.session import OPEN_STATES
from evbalancer.ops.doctor.findings import Finding, error, fine, warning

CLOCK_OFF_S: Final = 300
LONGEST_SESSION: Final = timedelta(days=14)
SHOWN: Final = 5


def _named(rows: list[object]) -> str:
    """Some of them, so that a person knows where to begin."""
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return ", ".join(str(row) for row in rows[:SHOWN]) + more


def look_at_clocks(now: datetime) -> Iterator[Finding]:
    off = Q(clock_skew_s__gt=CLOCK_OFF_S) | Q(clock_skew_s__lt=-CLOCK_OFF_S)
    rows = list(ChargePoint.objects.filter(off, presence.match_online(now=now), retired_at=None))
    if rows:
        step = "Set their time server (NtpServer), or let them boot: they set their clock by ours then."
        yield warning("clocks of charge points", f"More than 5 minutes off: {_named([*rows])}.", step)
    else:
        yield fine("clocks of charge points", "All that are online are right to 5 minutes.")


def look_at_certificates(now: datetime) -> Iterator[Finding]:
    rows = [each.charge_point for each in certificates_to_renew(now=now)]
    if rows:
        step = "Have them ask for new ones: *Trigger a message*, SignChargePointCertificate."
        yield warning("certificates", f"They end within 30 days: {_named([*rows])}.", step)
    if can_sign():
        authority = x509.load_pem_x509_certificate(Path(settings.OCPP_CA_CERT).read_bytes())
        if authority.not_valid_after_utc <= now + ENDS_SOON:
            said = f"The authority OCPP_CA_CERT ends on {authority.not_valid_after_utc:%F}."
            yield error("certificates", said, "Make a new one, and install it in the charge points before.")
            return
    if not rows:
        yield fine("certificates", "None ends within 30 days.")


def look_at_sessions(now: datetime) -> Iterator[Finding]:
    open_ones = Session.objects.filter(state__in=OPEN_STATES).select_related("connector__charge_point")
    rows = [
        session.connector
        for session in open_ones.filter(
            Q(connector__retired_at__isnull=False)
            | Q(connector__charge_point__retired_at__isnull=False)
            | Q(plugged_at__lt=now - LONGEST_SESSION)
        )
    ]
    if rows:
        step = "Look at them in the back office: a retired connector, or two weeks without an end, is no car that charges."
        yield warning("sessions", f"Open, and hardly real: {_named([*rows])}.", step)
    orphans = OrphanMessage.objects.filter(resolved_at=None).count()
    if orphans:
        said = f"{orphans} messages of transactions match nothing that is known."
        yield warning("sessions", said, "Go through *To decide > Unmatched messages*.")
    if not rows and not orphans:
        yield fine("sessions", "None is orphaned.")


def look_at_fallbacks(now: datetime) -> Iterator[Finding]:
    in_use = Connector.objects.filter(
        ~Q(pk__in=Connector.objects.filter(match_managed()).values("pk")),
        retired_at=None,
        charge_point__retired_at=None,
    ).exclude(charge_point__in=ChargePoint.objects.filter(NEVER_CONNECTED))
    rows = list(in_use.select_related("charge_point"))
    if rows:
        step = "Each counts at its nameplate. Its page in the back office says what it refused."
        yield warning("fallbacks", f"Unmanaged: {_named([*rows])}.", step)
    else:
        yield fine("fallbacks", "Every connector in use holds its fallback and obeys.")
