"""News that were written in English are read in every language; those in another language stay as they were written."""

from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.apps import apps

from evbalancer.common.words.said import Said
from drivers.models import Notification
from evbalancer.common.words.telling import tell, tell_in
from tests.factories.drivers import DriverFactory

module = import_module("scheduling.migrations.0023_old_news_as_facts")
read_news = module.read_news


@pytest.mark.parametrize(
    ("text", "german"),
    [
        (
            "Emergency: Refused. No linked car tells its charge. 30 km need about 6 kWh. Nobody decided in time",
            "Notfall: Abgelehnt. Kein verknüpftes Auto meldet seinen Ladestand. 30 km brauchen etwa 6 kWh. Niemand hat rechtzeitig entschieden.",
        ),
        ("Emergency: Accepted. Go ahead, Ada", "Notfall: Angenommen. Go ahead, Ada"),
        (
            "A strike: Tag sharing. By the house rules, without a manager. You can appeal.",
            "Ein Verstoß: Karte weitergegeben. Nach der Hausordnung, ohne die Verwaltung. Sie können Einspruch erheben.",
        ),
        (
            "A strike: Tag sharing. Seen twice. Really. You can appeal.",
            "Ein Verstoß: Karte weitergegeben. Seen twice. Really. Sie können Einspruch erheben.",
        ),
    ],
)
def test_english_news_are_recognised(text: str, german: str) -> None:
    said = Said.of_stored(read_news(text))
    assert tell_in("de", said) == german
    assert tell(said).removesuffix(".") == text.removesuffix(".")


@pytest.mark.parametrize(
    "text", ["Notfall: Abgelehnt. Niemand", "Emergency: Something else. x", "Your strike stands: No", ""]
)
def test_other_news_stay_as_they_were_written(text: str) -> None:
    assert read_news(text) is None


@pytest.mark.django_db
def test_news_in_the_table_are_rewritten() -> None:
    driver, at = DriverFactory(), datetime(2026, 11, 2, tzinfo=UTC)
    news = {"community": driver.community, "driver": driver, "kind": "emergency", "created_at": at}
    known = Notification.objects.create(**news, text="Emergency: Done. Served")
    other = Notification.objects.create(**news, text="Notfall: Beendet. Served")
    module.read_old_news(apps, None)
    known.refresh_from_db()
    other.refresh_from_db()
    assert (known.text, known.told, other.told) == ("", "Emergency: Done. Served.", "Notfall: Beendet. Served")
