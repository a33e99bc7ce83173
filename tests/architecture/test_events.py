import pytest

from tests.architecture import events

EVENTS = events.every_event()


def test_page_lists_every_event():
    assert events.PAGE.read_text() == events.render(EVENTS), "Run: python -m tests.architecture.events"


@pytest.mark.parametrize("told", EVENTS, ids=lambda told: told.name)
def test_event_is_published_and_heard(told):
    assert told.published_by
    assert told.heard_by
