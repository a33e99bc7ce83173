"""OCPP's security profiles: which one a handshake shows, and whether it is enough."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext

from chargers.domain import presence
from chargers.domain.sockets import certificates
from chargers.enums import CommandKind, CommandState, SecurityProfile
from chargers.errors import LocksOut
from chargers.models import ChargePoint, ChargerCommand, SecurityRule
from chargers.reports.sockets import Handshake
from evbalancer.common.security.addresses import is_within


def shown_profile(handshake: Handshake, *, key_fits: bool, certificate_fits: bool) -> SecurityProfile | None:
    """The highest profile that the handshake shows; None when it shows nothing that counts."""
    if certificate_fits and handshake.is_secure:
        return SecurityProfile.CERTIFICATE
    if key_fits:
        return SecurityProfile.TLS if handshake.is_secure else SecurityProfile.PASSWORD
    if handshake.password is None and is_within(handshake.address, settings.OCPP_OPEN_NETWORKS):
        return SecurityProfile.NONE
    return None


def required_profiles(charge_points: Iterable[ChargePoint]) -> dict[UUID, SecurityProfile]:
    """The least that each must show: its own, else its community's, else a key."""
    charge_points = list(charge_points)
    undecided = {one.community_id for one in charge_points if one.security_profile is None}
    rules = dict(
        SecurityRule.objects.filter(community_id__in=undecided).values_list(
            "community_id", "security_profile"
        )
        if undecided
        else ()
    )
    return {
        one.pk: SecurityProfile(
            rules.get(one.community_id, SecurityProfile.PASSWORD)
            if one.security_profile is None
            else one.security_profile
        )
        for one in charge_points
    }


def check_rule(community_id: UUID, profile: SecurityProfile, *, now: datetime) -> None:
    """Raise LocksOut when the community's new rule would lock a connected charge point out."""
    rows = ChargePoint.objects.filter(
        presence.match_online(now=now), community_id=community_id, security_profile=None, retired_at=None
    )
    for charge_point in rows:
        check_change(charge_point, profile, now=now)


def check_change(charge_point: ChargePoint, profile: SecurityProfile, *, now: datetime) -> None:
    """Raise LocksOut when a charge point that is connected now could not connect again under `profile`."""
    shown = charge_point.connected_profile
    if profile == SecurityProfile.NONE or not presence.is_online(charge_point, now=now):
        return
    if shown is not None and shown >= profile:
        return
    if profile == SecurityProfile.CERTIFICATE:
        if not certificates.has_valid(charge_point, now=now):
            raise LocksOut(
                gettext(
                    "%(charge_point)s is connected and has no certificate that is known here. Have it ask for one first."
                )
                % {"charge_point": charge_point}
            )
    elif not charge_point.key_hash:
        raise LocksOut(
            gettext("%(charge_point)s is connected and has no key. Give it one first.")
            % {"charge_point": charge_point}
        )
    elif profile == SecurityProfile.TLS and not _took_tls(charge_point):
        raise LocksOut(
            gettext("%(charge_point)s is connected without TLS. Set its SecurityProfile to 2 first.")
            % {"charge_point": charge_point}
        )


def _took_tls(charge_point: ChargePoint) -> bool:
    """It has accepted to connect with TLS from its next connection on."""
    taken = ChargerCommand.objects.filter(
        charge_point=charge_point, kind=CommandKind.CHANGE_CONFIGURATION, state=CommandState.ACCEPTED
    ).values_list("arguments", flat=True)
    return any(
        str(arguments.get("key")).endswith("SecurityProfile") and arguments.get("value") in {"2", "3"}
        for arguments in taken
    )
