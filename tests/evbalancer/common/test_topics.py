"""News through the database: part of its transaction, small enough, and not heard by who sent them."""

import json
from uuid import uuid4

import pytest
from django.db import connection, transaction

from chargers.domain.orders import commands
from chargers.models import ChargePoint
from evbalancer.common import topics
from evbalancer.common.db import news


@pytest.fixture
def sent(monkeypatch, settings) -> list[str]:
    """Messages that went to the database."""
    settings.REDIS_URL = ""
    texts: list[str] = []
    monkeypatch.setattr(news, "can_send", lambda: True)
    monkeypatch.setattr(news, "send_news", texts.append)
    return texts


@pytest.fixture
def told(monkeypatch) -> list[tuple[str, str, dict]]:
    """What reached those who listen in this process."""
    found: list[tuple[str, str, dict]] = []
    monkeypatch.setattr(
        topics, "_send", lambda topic, message: found.append((topic, message["kind"], message["data"]))
    )
    return found


def test_news_of_another_process_are_passed_on_and_our_own_are_not(sent, told, monkeypatch, db):
    topics.tell(topics.CHARGERS, "command", charge_point_ids=["a"])
    topics.pass_on(sent[0])
    assert told == []
    monkeypatch.setattr(topics, "_SENDER", "another")
    topics.pass_on(sent[0])
    assert told == [("chargers", "command", {"charge_point_ids": ["a"]})]


def test_only_published_topics_go_through_the_database_and_none_with_redis(sent, settings, db):
    topics.tell(topics.cluster_topic(uuid4()), "changed")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    topics.tell(topics.CHARGERS, "command", charge_point_ids=[])
    assert sent == []


def test_nudge_of_a_large_cluster_is_sent_in_parts_that_the_database_takes(sent, db):
    charge_points = [ChargePoint(pk=uuid4()) for _ in range(200)]
    commands.nudge_sockets(*charge_points)
    assert [len(json.loads(text)["message"]["data"]["charge_point_ids"]) for text in sent] == [80, 80, 40]
    pairs = {str(uuid4()): str(uuid4()) for _ in range(topics.MOST_NAMED)}
    topics.tell(topics.CHARGERS, "opened", **pairs)
    assert all(len(text.encode()) <= news.MOST_BYTES for text in sent)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite sends nothing")
@pytest.mark.django_db(transaction=True)
def test_news_are_heard_with_their_commit_and_never_without_it():
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {news.CHANNEL}")
    with transaction.atomic():
        news.send_news("lost")
        transaction.set_rollback(True)
    with transaction.atomic():
        news.send_news("kept")
    connection.connection.poll()
    assert [each.payload for each in connection.connection.notifies] == ["kept"]
    connection.close()
