"""From a charge point's socket to the manager's mail: a fault in the maker's words, a charger that is gone, a circuit that is gone, and their ends."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from chargers.domain.sockets import connections
from chargers.models import ChargePoint, Connector
from drivers.models import User
from evbalancer.common.security.encryption import encrypt
from evbalancer.common.security.signing import make_secret
from scheduling.domain.alarms import judging, sending
from scheduling.enums import ChannelKind
from scheduling.models import AlarmChannel
from tests.chargers.conftest import Charger, add_charger, endpoint, start_endpoint, until
from tests.evbalancer.dashboard.conftest import House, make_house
from tests.factories.chargers import ChargePointFactory, ConnectorFactory
from tests.factories.grid import CircuitFactory
from tests.scheduling.domain.alarms.test_outbox import manager
from tests.scheduling.domain.alarms.test_sending import Net

__all__ = ["add_charger", "endpoint", "start_endpoint"]

STEP = timedelta(seconds=20)


class Watch:
    """The periodic work of alarms, by a clock that the test puts forward."""

    def __init__(self, house: House) -> None:
        self.house, self.now, self.net = house, house.now, Net()

    def passes(self, length: timedelta) -> list[str]:
        """Judge and send as often as periodic work does. Returns what was mailed meanwhile."""
        mail.outbox.clear()
        until_at = self.now + length
        while self.now < until_at:
            self.now += STEP
            judging.judge_cluster(self.house.cluster.pk, now=self.now)
            sending.send_due_alarms(now=self.now, post=self.net)
        return [str(message.body) for message in mail.outbox]


@pytest.fixture
def house(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> House:
    # The clock of the judge runs ahead of the sockets', which must not end for that.
    monkeypatch.setattr(connections, "LEASE", timedelta(hours=2))
    return make_house(now=datetime.now(UTC))


def placed(house: House, circuit: object, name: str) -> Connector:
    charge_point = ChargePointFactory(circuit=circuit, name=name)
    connector: Connector = ConnectorFactory(circuit=circuit, charge_point=charge_point)
    return connector


def hooked(user: User, house: House) -> AlarmChannel:
    row: AlarmChannel = AlarmChannel.objects.create(
        user=user, kind=ChannelKind.WEBHOOK, host="example.org", created_at=house.now,
        address_encrypted=encrypt("https://example.org/hook"), secret_encrypted=encrypt(make_secret()),
    )  # fmt: skip
    return row


def connected(charger: Charger) -> Charger:
    charger.connect().boot()
    charger.status("Available")
    return charger


def gone(chargers: list[Charger]) -> None:
    for charger in chargers:
        charger.close()
    names = [charger.identity for charger in chargers]
    until(lambda: not ChargePoint.objects.filter(identity__in=names, online_until__isnull=False).exists())


def test_manager_hears_of_faults_and_losses_on_the_wire_and_of_their_ends(
    house: House, add_charger: Callable[..., Charger]
) -> None:
    other = CircuitFactory(cluster=house.cluster, parent=house.transformer, name="Panel B", kind="panel")
    names = {"A-01": house.panel, "A-02": house.panel, "B-01": other, "B-02": other, "B-03": other}
    chargers = {name: connected(add_charger(placed(house, at, name))) for name, at in names.items()}
    hooked(manager(house), house)
    watch = Watch(house)
    house.ran(at=datetime.now(UTC) + timedelta(hours=1))

    chargers["A-01"].status(
        "Faulted", errorCode="GroundFailure", vendorErrorCode="E-17", info="Residual current 31 mA"
    )
    [fault] = watch.passes(timedelta(minutes=4))
    assert fault == "A-01/1 is faulted: GroundFailure (E-17, Residual current 31 mA)."
    chargers["A-01"].status("Available")
    [end] = watch.passes(timedelta(minutes=4))
    assert end.startswith("Over: A-01")

    # One message for two that are lost together, though the circuit has a third.
    gone([chargers["B-01"], chargers["B-02"]])
    assert watch.passes(timedelta(minutes=4)) == []
    [lost] = watch.passes(timedelta(minutes=4))
    assert lost == "Charger offline (2): B-01, B-02."

    # All of a circuit at once is another cause, which is told at once and in place of theirs.
    gone([chargers["A-01"], chargers["A-02"]])
    [breaker] = watch.passes(timedelta(minutes=8))
    assert "Panel A" in breaker

    for name in ("A-01", "A-02"):
        connected(chargers[name])
    [end] = watch.passes(timedelta(minutes=4))
    assert end.startswith("Over:")
    assert "Panel A" in end
    kinds = [[each["kind"] for each in body["data"]["begun"]] for _, body, _ in watch.net.sent]
    assert kinds == [["faulted"], [], ["offline", "offline"], ["circuit_gone"], []]
