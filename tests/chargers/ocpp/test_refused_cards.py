"""A refused card on the wire, in every version: answered so, given no limit above the fallback, and stopped if it goes on (E17)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chargers.domain.access.rules import set_access_in_words
from chargers.enums import CommandState
from chargers.models import ChargerCommand, RefusedCard, Session
from drivers.models import IdTag
from grid.domain.audit import SYSTEM
from scheduling.domain.balancing.rebalance import share_power
from tests.asserts.http import client_of
from tests.chargers.conftest import until
from tests.chargers.ocpp.station import Station
from tests.factories.drivers import DriverFactory, IdTagFactory, manager_of

pytestmark = pytest.mark.promise("E17")
FALLBACK_A = 6
VERSIONS = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]
OPEN_STATES = [CommandState.QUEUED, CommandState.SENT]


class Talk:
    """A charge point of any version that is asked for everything it is asked, and the balancer of its cluster."""

    def __init__(self, charger: Any, connector: Any, subprotocol: str) -> None:
        self.charger, self.connector, self.is_16 = charger, connector, subprotocol == "ocpp1.6"
        self.station = Station(charger, subprotocol=subprotocol)
        charger.answers["GetVariables"] = lambda payload: {
            "getVariableResult": [
                {**entry, "attributeStatus": "UnknownVariable"} for entry in payload["getVariableData"]
            ]
        }
        if self.is_16:
            charger.connect().boot()
        else:
            self.station.connect().boot()
        self.answer_all()

    def answer_all(self) -> None:
        waiting = ChargerCommand.objects.filter(state__in=OPEN_STATES)
        until(lambda: self.charger.listen(0.02) or not waiting.exists())

    def start(self, token: str, kind: str = "ISO14443") -> str:
        """The status that it is answered."""
        if self.is_16:
            self.charger.status("Preparing")
            answer = self.charger.start(token)
            self.charger.status("Charging")
            return answer["idTagInfo"]["status"]
        id_token = {"idToken": token, "type": kind}
        answer = self.station.event("Started", 0, state="Charging", trigger="Authorized", idToken=id_token)
        return answer["idTokenInfo"]["status"]

    def balance(self, *, after_s: float) -> None:
        cluster_id = self.connector.charge_point.cluster_id
        share_power(cluster_id, now=datetime.now(UTC) + timedelta(seconds=after_s))
        self.answer_all()

    def stops(self) -> list[Any]:
        action = "RemoteStopTransaction" if self.is_16 else "RequestStopTransaction"
        return [payload for name, payload in self.charger.calls if name == action]

    def limits_of_transactions_a(self) -> list[float]:
        profiles = [
            payload["csChargingProfiles" if self.is_16 else "chargingProfile"]
            for name, payload in self.charger.calls
            if name == "SetChargingProfile"
        ]
        mine = [one["chargingSchedule"] for one in profiles if one["chargingProfilePurpose"] == "TxProfile"]
        schedules = mine if self.is_16 else [one for several in mine for one in several]
        return [period["limit"] for one in schedules for period in one["chargingSchedulePeriod"]]

    def configured(self) -> dict[str, str]:
        if self.is_16:
            told = [payload for name, payload in self.charger.calls if name == "ChangeConfiguration"]
            return {one["key"]: one["value"] for one in told}
        told = [payload for name, payload in self.charger.calls if name == "SetVariables"]
        entries = [entry for payload in told for entry in payload["setVariableData"]]
        return {entry["variable"]["name"]: entry["attributeValue"] for entry in entries}


@pytest.fixture(params=VERSIONS)
def talk(request, charger, connector, settings):
    settings.FALLBACK_WAIT_S = 0
    connector.chosen_fallback_ma = FALLBACK_A * 1000
    connector.save()
    driver = DriverFactory(community=connector.community)
    now = datetime.now(UTC)
    IdTagFactory(driver=driver, token="GOOD")
    IdTagFactory(driver=driver, token="EXPIRED", expires_at=now - timedelta(days=1))
    IdTagFactory(driver=driver, token="BLOCKED", blocked_at=now)
    IdTagFactory(driver=DriverFactory(), token="FOREIGN")
    return Talk(charger, connector, request.param)


@pytest.mark.parametrize(
    ("token", "status"),
    [("UNKNOWN", "Invalid"), ("FOREIGN", "Invalid"), ("EXPIRED", "Expired"), ("BLOCKED", "Blocked")],
)
def test_refused_card_is_answered_so_kept_at_the_fallback_and_stopped(talk, token, status):
    assert talk.start(token) == status
    for after_s in (0, 5):
        talk.balance(after_s=after_s)
    assert talk.stops() == []
    talk.balance(after_s=15)
    session = Session.objects.get()
    assert session.verdict == status
    mine = session.transaction_id if talk.is_16 else "tx-1"
    assert talk.stops() == [{"transactionId": mine}]
    assert talk.limits_of_transactions_a() == []


def test_good_card_is_served(talk):
    assert talk.start("GOOD") == "Accepted"
    for after_s in (0, 15):
        talk.balance(after_s=after_s)
    assert max(talk.limits_of_transactions_a()) > FALLBACK_A
    assert talk.stops() == []


def test_charge_points_are_set_to_end_it_themselves(talk):
    key = "StopTransactionOnInvalidId" if talk.is_16 else "StopTxOnInvalidId"
    assert talk.configured()[key] == "true"


@pytest.mark.parametrize("talk", VERSIONS[1:], indirect=True)
def test_station_that_asks_for_no_card_is_served(talk):
    assert talk.start("", "NoAuthorization") == "Accepted"
    for after_s in (0, 15):
        talk.balance(after_s=after_s)
    assert max(talk.limits_of_transactions_a()) > FALLBACK_A
    assert talk.stops() == []


@pytest.mark.parametrize("talk", VERSIONS[1:], indirect=True)
def test_card_that_is_shown_after_the_start_and_refused_gets_no_more(talk):
    """The cable begins it, the card comes later (2.0.1 E02): until then nobody was refused."""
    talk.station.event("Started", 0, state="EVConnected", trigger="CablePluggedIn")
    answer = talk.station.event("Updated", 1, state="Charging", token="EXPIRED", trigger="Authorized")
    assert answer["idTokenInfo"]["status"] == "Expired"
    for after_s in (0, 15):
        talk.balance(after_s=after_s)
    assert talk.stops() == [{"transactionId": "tx-1"}]
    assert talk.limits_of_transactions_a() == []


@pytest.mark.parametrize("talk", VERSIONS[1:], indirect=True)
def test_good_card_after_a_refused_one_is_served(talk):
    assert talk.start("EXPIRED") == "Expired"
    answer = talk.station.event("Updated", 1, state="Charging", token="GOOD", trigger="Authorized")
    assert answer["idTokenInfo"]["status"] == "Accepted"
    for after_s in (0, 15):
        talk.balance(after_s=after_s)
    assert max(talk.limits_of_transactions_a()) > FALLBACK_A
    assert talk.stops() == []


def test_unknown_card_is_given_to_its_driver_and_charges(talk):
    """The card that was just refused at this charge point: whose is it?"""
    assert talk.start("04:A1:B2:C3") == "Invalid"
    row = RefusedCard.objects.get()
    assert (row.token, row.charge_point) == ("04A1B2C3", talk.connector.charge_point)
    driver = IdTag.objects.get(token="GOOD").driver
    manager = client_of(manager_of(driver.community))
    answer = manager.post(
        f"/chargers/refused-cards/{row.pk}/assign", {"driver_id": str(driver.pk)}, format="json"
    )
    assert answer.status_code == 204
    again = (
        talk.charger.start("04:A1:B2:C3")["idTagInfo"]
        if talk.is_16
        else talk.station.authorize("04:A1:B2:C3")
    )
    assert again["status"] == "Accepted"


def test_card_at_a_space_of_others_is_refused_in_the_words_of_each_version(talk):
    set_access_in_words(talk.connector, "guests", actor=SYSTEM, now=datetime.now(UTC))
    elsewhere = "Blocked" if talk.is_16 else "NotAtThisLocation"
    assert talk.start("GOOD") == elsewhere
    for after_s in (0, 5, 15):
        talk.balance(after_s=after_s)
    assert len(talk.stops()) == 1
    assert talk.limits_of_transactions_a() == []
