"""Who may charge where: all rules as sentences, and above each connector the people whom it is open to."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from chargers.domain.access.people import find_people
from chargers.domain.access.rules import find_rules
from chargers.domain.access.sentences import say_rule
from chargers.models import AccessRule, Connector
from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from evbalancer.common.admin.theme import display
from evbalancer.common.words.telling import tell
from grid.admin.ledger import LedgerAdmin

MOST_PEOPLE = 40


@admin.register(AccessRule)
class AccessRuleAdmin(LedgerAdmin):
    """A list to look at: the rules of a connector are written on its own page."""

    list_display = ("connector", "sentence")
    list_filter = ("audience", "group", "flat")
    search_fields = ("connector__charge_point__name", "connector__charge_point__identity")
    list_select_related = ("connector__charge_point", "group", "flat", "community")
    fields = ("connector", "sentence", "created_at")
    export_fields = ("connector", "audience", "group", "flat", "weekdays", "start_min", "end_min")

    @display(description=gettext_lazy("Who may charge"))
    def sentence(self, rule: AccessRule) -> str:
        return tell(say_rule(rule, names=True))


@panel_for(Connector, rank=5)
def access_panel(request: HttpRequest, connector: Connector) -> Panel | None:
    """Nothing of a connector that is everybody's."""
    rules = find_rules(connector)
    if not rules:
        return None
    people = find_people(connector, now=timezone.now())
    rows = [
        [
            Cell(each.driver.name, page_of(each.driver)),
            Cell(gettext("now"), tone="ok")
            if each.access.is_open
            else Cell(gettext("at other times"), tone="quiet"),
        ]
        for each in people[:MOST_PEOPLE]
    ]
    more = len(people) - MOST_PEOPLE
    if more > 0:
        rows.append([Cell(ngettext("and %(count)s more", "and %(count)s more", more) % {"count": more})])
    return table(
        " ".join(tell(say_rule(rule, names=True)) for rule in rules),
        (gettext("Driver"), gettext("May charge")),
        rows,
        empty=gettext(
            "No driver of the community may charge here. Cars are refused until a rule is for somebody."
        ),
    )
