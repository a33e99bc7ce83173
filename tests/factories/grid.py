import factory

from grid.enums import CircuitKind
from grid.models import Circuit, Cluster, Community


class CommunityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Community

    name = factory.Sequence(lambda n: f"House {n}")
    slug = factory.Sequence(lambda n: f"house-{n}")
    time_zone = "Europe/Berlin"


class ClusterFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Cluster

    community = factory.SubFactory(CommunityFactory)
    name = factory.Sequence(lambda n: f"Garage {n}")
    margin_ma = 0


class CircuitFactory(factory.django.DjangoModelFactory):
    """A root of 48 A a phase unless told otherwise."""

    class Meta:
        model = Circuit

    cluster = factory.SubFactory(ClusterFactory)
    community = factory.SelfAttribute("cluster.community")
    name = factory.Sequence(lambda n: f"Circuit {n}")
    kind = CircuitKind.TRANSFORMER
    limit_l1_ma = 48_000
    limit_l2_ma = 48_000
    limit_l3_ma = 48_000
