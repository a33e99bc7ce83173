import pytest

from tests.architecture import events


@pytest.fixture(scope="module")
def told():
    return events.every_event()


def test_page_lists_every_event(told):
    assert events.PAGE.read_text() == events.render(told), "Run: python -m tests.architecture.events"


def test_every_event_is_published_and_heard(told):
    assert len(told) > 10
    assert [each.name for each in told if not each.published_by or not each.heard_by] == []
