import pytest
from django.core.management import CommandError, call_command

from chargers.domain.sockets import keys
from chargers.models import ChargePoint
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


def test_url_and_key_are_printed_once_and_as_a_code(capsys):
    circuit = CircuitFactory()
    call_command(
        "add_charge_point",
        "WB*1",
        circuit=str(circuit.pk),
        connectors=2,
        url="wss://charging.example.org",
        qr=True,
    )
    url, key, *code = capsys.readouterr().out.splitlines()
    charge_point = ChargePoint.objects.get(identity="WB*1")
    assert url == "URL  wss://charging.example.org/ocpp/WB%2A1"
    assert keys.match_key(key.removeprefix("Key  ").encode(), key_hash=charge_point.key_hash)[0]
    assert charge_point.connectors.count() == 2
    assert sum("█" in line for line in code) > 15


@pytest.mark.parametrize(
    ("identity", "connectors"), [("A/B", 1), ("A  B", 1), (" A", 1), ("WB-1", 0), ("WB-1", 21)]
)
def test_charge_point_that_makes_no_sense_is_refused(identity, connectors):
    with pytest.raises(CommandError):
        call_command("add_charge_point", identity, circuit=str(CircuitFactory().pk), connectors=connectors)
    assert ChargePoint.objects.count() == 0
