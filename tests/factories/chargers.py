import factory

from chargers.enums import ConnectorStatus, PhaseRotation, SessionState
from chargers.models import ChargePoint, Connector, Session
from tests.factories.grid import CircuitFactory


class ChargePointFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ChargePoint

    class Params:
        circuit = factory.SubFactory(CircuitFactory)

    cluster = factory.SelfAttribute("circuit.cluster")
    community = factory.SelfAttribute("cluster.community")
    identity = factory.Sequence(lambda n: f"CP-{n:04}")
    name = factory.Sequence(lambda n: f"A-{n:02}")


class ConnectorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Connector

    circuit = factory.SubFactory(CircuitFactory)
    charge_point = factory.SubFactory(ChargePointFactory, circuit=factory.SelfAttribute("..circuit"))
    community = factory.SelfAttribute("charge_point.community")
    number = 1
    phase_rotation = PhaseRotation.RST
    max_current_ma = 16_000
    status = ConnectorStatus.AVAILABLE


class SessionFactory(factory.django.DjangoModelFactory):
    """A car that is plugged in; give `started_at` and a state for more."""

    class Meta:
        model = Session

    connector = factory.SubFactory(ConnectorFactory)
    community = factory.SelfAttribute("connector.community")
    state = SessionState.PLUGGED_IN
    state_since = factory.SelfAttribute("plugged_at")
