import re
from pathlib import Path

from django.conf import settings

from chargers.domain.arguments import TABLE
from chargers.domain.operations import BALANCERS_OWN, BY_HAND, OF_A_SESSION
from chargers.enums import CommandKind
from chargers.ocpp.v16.outbound import WRITERS as IN_16
from chargers.ocpp.v201.outbound import WRITERS as IN_201

ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) ?\| (.*?) \|$", re.MULTILINE)


def test_every_kind_can_be_sent_by_hand_or_is_the_balancers_own():
    assert set(BY_HAND) | BALANCERS_OWN == set(CommandKind) == set(IN_201)


def test_page_of_the_commands_is_whole():
    rows = ROW.findall((Path(settings.BASE_DIR) / "docs/commands.md").read_text())
    documented = {CommandKind(kind): (arguments, has_16) for kind, arguments, has_16, _ in rows}
    assert set(documented) == set(BY_HAND)
    assert {kind for kind, (_, has_16) in documented.items() if has_16} == set(BY_HAND) & set(IN_16)
    for kind in set(TABLE) - set(OF_A_SESSION):
        arguments, required = TABLE[kind]
        told = set(re.findall(r"`(\w+)`", documented[kind][0]))
        within = set(arguments.get("entries", {}).get("items", {}).get("properties", {}))
        assert told - within == set(arguments) - {"request_number"} - within, kind
        assert set(re.findall(r"\*\*`(\w+)`", documented[kind][0])) == set(required), kind
