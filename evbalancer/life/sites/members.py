from collections.abc import Mapping, Sequence

from chargers.simulator.play.household import MODELS
from drivers.enums import Role
from drivers.models import Driver, IdTag, Membership, User
from evbalancer.life.sites.premises import Member
from fleet.models import Vehicle
from grid.models import Community


def enrol(
    community: Community, drivers: Sequence[Driver], *, spaces: Mapping[str, str], with_accounts: bool = True
) -> tuple[Member, ...]:
    """Drivers as they live there: each with a card, and with an account and a car if they may sign in.

    `spaces` has, by the names of drivers, the identities of the charge points that are theirs.
    """
    cards = dict(IdTag.objects.filter(community=community).values_list("driver_id", "token"))
    members = []
    for number, driver in enumerate(drivers):
        if with_accounts:
            _give_account(community, driver, number)
            _give_car(driver, number)
        members.append(Member(driver, cards[driver.pk], driver.user, spaces.get(driver.name, "")))
    return tuple(members)


def _give_account(community: Community, driver: Driver, number: int) -> None:
    if driver.user is None:
        driver.user = User.objects.create(username=f"{community.slug}-{number}")
        driver.save(update_fields=["user"])
    Membership.objects.get_or_create(community=community, user=driver.user, defaults={"role": Role.DRIVER})


def _give_car(driver: Driver, number: int) -> None:
    if driver.vehicles.exists():
        return
    name, battery_wh, phases, max_ma = MODELS[number % len(MODELS)]
    Vehicle.objects.create(
        community_id=driver.community_id,
        driver=driver,
        name=name,
        battery_wh=battery_wh,
        phases=phases,
        max_current_ma=max_ma,
    )
