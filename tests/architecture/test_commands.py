from chargers.domain.operations import BY_HAND
from tests.architecture import commands


def test_page_lists_the_orders_with_their_arguments_and_calls() -> None:
    page = commands.PAGE.read_text()
    assert page == commands.render(page), "Run: python -m tests.architecture.commands"


def test_page_has_every_command_that_a_person_may_send() -> None:
    page = commands.PAGE.read_text()
    assert [kind for kind in BY_HAND if f"| `{kind.value}` |" not in page] == []
