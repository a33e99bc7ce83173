"""A whole site from one description: all of it or nothing."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from chargers.models import ChargePoint
from drivers.models import User
from evbalancer.setup import steps
from evbalancer.setup.faults import Faults, SiteRefused
from evbalancer.setup.plan import SitePlan
from evbalancer.setup.steps import Acting
from grid.domain.audit import Actor
from grid.models import Cluster, Community


@dataclass(slots=True)
class Installed:
    """What was set up. `keys` and `passwords` are kept nowhere: whoever installs stores or prints them now."""

    community: Community
    cluster: Cluster | None = None
    keys: list[tuple[ChargePoint, str]] = field(default_factory=list)
    passwords: list[tuple[User, str]] = field(default_factory=list)
    new_people: int = 0


@transaction.atomic
def install_site(plan: SitePlan, *, actor: Actor, now: datetime, faults: Faults | None = None) -> Installed:
    """Set the site up. The same plan again changes nothing.

    `faults`: what was wrong already. Raises SiteRefused with that and everything else that is wrong; nothing is stored then.
    """
    acting = Acting(actor, now, faults or Faults())
    community = steps.settle_community(plan.community, acting)
    if community is None:
        raise SiteRefused(acting.faults.found)
    done = Installed(community)
    if plan.connection is None and (plan.circuits or plan.chargers or plan.fallbacks):
        acting.faults.note(plan.community.place, "", gettext("Circuits and chargers need a [connection]."))
    if plan.connection is not None:
        done.cluster = steps.settle_connection(community, plan.connection, acting)
    if done.cluster is not None:
        _settle_tree(done.cluster, plan, acting)
    if plan.tariff is not None:
        steps.settle_tariff(community, plan.tariff, acting)
    done.new_people = steps.settle_people(community, plan.people, acting)
    if done.cluster is not None:
        steps.settle_access(done.cluster, plan.chargers, acting)
    appointed = [steps.settle_manager(community, manager, acting) for manager in plan.managers]
    acting.faults.check()
    if done.cluster is not None:
        done.keys = steps.issue_keys(done.cluster, acting)
    done.passwords = [each for each in appointed if each is not None and each[1]]
    return done


def _settle_tree(cluster: Cluster, plan: SitePlan, acting: Acting) -> None:
    refused = steps.settle_circuits(cluster, plan.circuits, acting)
    # What hangs on a refused circuit would be refused for that alone.
    chargers = [each for each in plan.chargers if each.circuit.casefold() not in refused]
    if chargers:
        steps.settle_chargers(cluster, chargers, acting)
    if plan.fallbacks is not None and not acting.faults.found:
        steps.settle_fallbacks(cluster, plan.fallbacks, acting, plan.chargers)
