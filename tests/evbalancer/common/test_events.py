from dataclasses import dataclass

import pytest
from django.db import transaction

from evbalancer.common import events
from evbalancer.common.events import Event, gathered, publish, receives, receives_together


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    about: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    about: int


@pytest.fixture
def heard(monkeypatch, db):
    """What receivers were handed, in the order of handing out: the kind and what it was about."""
    heard: list[tuple[str, list[int]]] = []
    for kind in (Closed, Opened):
        monkeypatch.setitem(events._receivers, kind, [])

        @receives_together(kind)
        def note(news, kind=kind):
            heard.append((kind.__name__, [event.about for event in news]))

    return heard


def test_event_is_handed_out_at_once(heard):
    with transaction.atomic():
        publish(Opened(about=1))
        assert heard == [("Opened", [1])]


def test_gathered_events_of_a_kind_are_handed_out_together_at_the_end(heard):
    with transaction.atomic(), gathered() as news:
        for about in (1, 2, 3):
            news.begin_act()
            publish(Opened(about=about))
        assert heard == []
    assert heard == [("Opened", [1, 2, 3])]


def test_order_within_each_act_is_kept(heard):
    with transaction.atomic(), gathered() as news:
        news.begin_act()
        publish(Opened(about=1))
        news.begin_act()
        publish(Closed(about=2))
        publish(Opened(about=2))
    assert heard == [("Closed", [2]), ("Opened", [1, 2])]


def test_acts_that_contradict_each_other_keep_their_own_orders(heard):
    with transaction.atomic(), gathered() as news:
        news.begin_act()
        publish(Opened(about=1))
        publish(Closed(about=1))
        news.begin_act()
        publish(Closed(about=2))
        publish(Opened(about=2))
    flat = [(kind, about) for kind, abouts in heard for about in abouts]
    assert flat.index(("Opened", 1)) < flat.index(("Closed", 1))
    assert flat.index(("Closed", 2)) < flat.index(("Opened", 2))
    assert sorted(flat) == [("Closed", 1), ("Closed", 2), ("Opened", 1), ("Opened", 2)]


def test_what_a_receiver_publishes_is_handed_out_at_once(heard):
    @receives(Opened)
    def close(event):
        publish(Closed(about=event.about))

    with transaction.atomic(), gathered() as news:
        news.begin_act()
        publish(Opened(about=1))
        news.begin_act()
        publish(Opened(about=2))
    assert heard == [("Opened", [1, 2]), ("Closed", [1]), ("Closed", [2])]


def fail_after_news():
    with transaction.atomic(), gathered() as news:
        news.begin_act()
        publish(Opened(about=1))
        raise LookupError


def test_nothing_is_handed_out_of_what_failed(heard):
    with pytest.raises(LookupError):
        fail_after_news()
    assert heard == []
    with transaction.atomic():
        publish(Opened(about=2))
    assert heard == [("Opened", [2])]
