"""Which security profile a handshake shows, which is required, and which change would lock a charge point out."""

from datetime import timedelta
from uuid import uuid4

import pytest

from chargers.domain.orders import commands
from chargers.domain.sockets.security import check_change, check_rule, required_profiles, shown_profile
from chargers.enums import CommandKind, CommandState, OcppVersion, SecurityProfile
from chargers.errors import LocksOut
from chargers.models import ChargePoint, ChargePointCertificate, SecurityRule
from chargers.orders import read_order
from chargers.reports.sockets import Handshake
from tests.factories.chargers import ChargePointFactory

NONE, PASSWORD, TLS, CERTIFICATE = SecurityProfile


@pytest.fixture
def knock(settings, now):
    settings.OCPP_OPEN_NETWORKS = ("192.0.2.0/24",)

    def knock(*, key=False, certificate=False, password=b"some", is_secure=False, address="192.0.2.9"):
        handshake = Handshake(
            received_at=now, identity="A1", password=password, offered=(OcppVersion.V16,),
            connection_id=uuid4(), address=address, is_secure=is_secure,
        )  # fmt: skip
        return shown_profile(handshake, key_fits=key, certificate_fits=certificate)

    return knock


@pytest.fixture
def station(connector, now):
    """It is connected with its key and without TLS."""
    station = connector.charge_point
    station.online_until, station.connected_profile = now + timedelta(minutes=1), PASSWORD
    station.key_hash, station.ocpp_version = "a" * 64, OcppVersion.V16
    station.save()
    return station


def locks_out(station, profile, now) -> bool:
    try:
        check_change(station, profile, now=now)
    except LocksOut:
        return True
    return False


@pytest.mark.parametrize(
    ("shown", "profile"),
    [
        ({"certificate": True, "is_secure": True}, CERTIFICATE),
        ({"certificate": True, "is_secure": True, "key": True}, CERTIFICATE),
        pytest.param({"certificate": True}, None, id="nobody vouches for a certificate without TLS"),
        ({"certificate": True, "key": True}, PASSWORD),
        ({"key": True, "is_secure": True}, TLS),
        ({"key": True}, PASSWORD),
        ({}, None),
        ({"password": None}, NONE),
        ({"password": None, "address": "198.51.100.1"}, None),
        pytest.param({"password": b""}, None, id="an empty password is a wrong one"),
    ],
)
def test_highest_profile_that_is_shown_counts(knock, shown, profile):
    assert knock(**shown) == profile


@pytest.mark.django_db
def test_own_rule_comes_before_the_communitys_and_a_key_is_the_least_where_none_stands(
    django_assert_num_queries,
):
    ruled, open_house, unruled, own = ChargePointFactory.create_batch(4)
    own.security_profile = NONE
    for one, profile in ((ruled, TLS), (open_house, NONE), (own, CERTIFICATE)):
        SecurityRule.objects.create(community=one.community, security_profile=profile)
    with django_assert_num_queries(1):
        required = required_profiles([ruled, open_house, unruled, own])
    assert required == {ruled.pk: TLS, open_house.pk: NONE, unruled.pk: PASSWORD, own.pk: NONE}
    with django_assert_num_queries(0):
        assert required_profiles([own]) == {own.pk: NONE}


def test_charge_point_without_tls_is_locked_out_until_it_took_it(station, now):
    assert [locks_out(station, profile, now) for profile in SecurityProfile] == [False, False, True, True]
    arguments = {"key": "SecurityProfile", "value": "2"}
    told = commands.queue_command(
        station, read_order(CommandKind.CHANGE_CONFIGURATION, arguments), by="test", now=now
    )
    assert locks_out(station, TLS, now)
    told.state = CommandState.ACCEPTED
    told.save()
    assert not locks_out(station, TLS, now)
    station.key_hash = ""
    assert locks_out(station, TLS, now)


def test_certificate_is_required_only_of_one_that_has_a_valid_one(station, now):
    hour = timedelta(hours=1)
    values = {
        "charge_point": station,
        "community": station.community,
        "created_at": now,
        "fingerprint": "b" * 64,
    }
    own = ChargePointCertificate.objects.create(not_before_at=now, not_after_at=now + hour, **values)
    assert not locks_out(station, CERTIFICATE, now)
    assert locks_out(station, CERTIFICATE, now - timedelta(seconds=1))
    station.online_until = now + 2 * hour
    assert locks_out(station, CERTIFICATE, now + hour)
    own.revoked_at = now
    own.save()
    assert locks_out(station, CERTIFICATE, now)


def test_one_that_shows_enough_or_is_not_there_is_never_locked_out(station, now):
    assert not locks_out(station, CERTIFICATE, station.online_until)
    station.connected_profile = CERTIFICATE
    assert not locks_out(station, CERTIFICATE, now)


def test_rule_of_the_community_is_judged_for_those_without_a_rule_of_their_own(station, now):
    with pytest.raises(LocksOut, match=station.name):
        check_rule(station.community_id, TLS, now=now)
    for change in ({"security_profile": PASSWORD}, {"retired_at": now}, {"online_until": now}):
        before = {name: getattr(station, name) for name in change}
        ChargePoint.objects.update(**change)
        check_rule(station.community_id, TLS, now=now)
        ChargePoint.objects.update(**before)
    check_rule(ChargePointFactory().community_id, TLS, now=now)
