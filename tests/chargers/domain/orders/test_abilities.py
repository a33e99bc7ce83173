"""What a charge point can be asked, by the language that it spoke last."""

import pytest

from chargers.domain.orders import abilities
from chargers.enums import CommandKind, OcppVersion
from chargers.errors import BadCommand
from chargers.models import ChargePoint

ONLY_16 = {CommandKind.READ_CONFIGURATION}
ONLY_2 = {CommandKind.READ_TRANSACTION, CommandKind.READ_INVENTORY}


def speaks(version: str) -> ChargePoint:
    return ChargePoint(ocpp_version=version)


def test_each_language_has_its_own_kinds_and_those_of_limits_are_in_all():
    kinds = {version: abilities.kinds_of(speaks(version)) for version in OcppVersion}
    assert {version for version, said in kinds.items() if said >= ONLY_2} == {
        OcppVersion.V201,
        OcppVersion.V21,
    }
    assert not kinds[OcppVersion.V16] & ONLY_2
    limits = {CommandKind.SET_LIMIT, CommandKind.SET_FALLBACK, CommandKind.CLEAR_LIMITS}
    assert all(said >= limits for said in kinds.values())


def test_charge_point_that_never_connected_can_be_asked_whatever_any_can():
    every = frozenset().union(*(abilities.kinds_of(speaks(version)) for version in OcppVersion))
    assert abilities.kinds_of(speaks("")) == every


def test_what_a_language_can_not_say_is_refused_with_its_name_and_the_wish():
    with pytest.raises(BadCommand) as refusal:
        abilities.require_ability(speaks(OcppVersion.V16), CommandKind.READ_INVENTORY)
    assert "OCPP 1.6J" in refusal.value.detail
    assert str(CommandKind.READ_INVENTORY.label) in refusal.value.detail
    abilities.require_ability(speaks(OcppVersion.V201), CommandKind.READ_INVENTORY)
    abilities.require_ability(speaks(""), CommandKind.READ_INVENTORY)


def test_level_of_a_fallback_is_the_languages_own_and_unchanged_where_none_is_known():
    levels = {
        version: [abilities.fallback_level(speaks(version), 1, is_each=is_each) for is_each in (False, True)]
        for version in ("", *OcppVersion)
    }
    assert levels[""] == [1, 1]
    assert levels[OcppVersion.V16] == [1, 1]
    # OCPP 2 (K01.FR.53): a fallback of each EVSE and one of all may not share a level.
    assert len(set(levels[OcppVersion.V201])) == 2
