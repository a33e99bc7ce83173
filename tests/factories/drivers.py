import factory
from django.contrib.auth.hashers import make_password

from drivers.enums import Role
from drivers.models import Driver, DriverGroup, Flat, IdTag, Membership, User
from tests.factories.grid import CommunityFactory

PASSWORD = "correct horse battery"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user-{n}")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    community = factory.SubFactory(CommunityFactory)
    role = Role.DRIVER


class DriverFactory(factory.django.DjangoModelFactory):
    """A driver with an account and its membership."""

    class Meta:
        model = Driver
        skip_postgeneration_save = True

    community = factory.SubFactory(CommunityFactory)
    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Driver {n}")
    membership = factory.RelatedFactory(
        MembershipFactory,
        user=factory.SelfAttribute("..user"),
        community=factory.SelfAttribute("..community"),
    )


class FlatFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Flat

    community = factory.SubFactory(CommunityFactory)
    name = factory.Sequence(lambda n: f"Flat {n}")


class DriverGroupFactory(factory.django.DjangoModelFactory):
    """Of the drivers that it is given."""

    class Meta:
        model = DriverGroup
        skip_postgeneration_save = True

    community = factory.SubFactory(CommunityFactory)
    name = factory.Sequence(lambda n: f"Group {n}")

    @factory.post_generation
    def drivers(self, create, extracted, **kwargs):
        self.drivers.set(extracted or [])


class IdTagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IdTag

    driver = factory.SubFactory(DriverFactory)
    community = factory.SelfAttribute("driver.community")
    token = factory.Sequence(lambda n: f"TAG{n:06}")


def manager_of(community) -> User:
    return MembershipFactory(community=community, role=Role.MANAGER).user
