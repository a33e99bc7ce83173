from datetime import UTC, datetime

from django.urls import reverse

from scheduling.models import ArrivalForecast

LEARNED_AT = datetime(2026, 3, 16, 1, tzinfo=UTC)


def _panel(manager, world):
    page = reverse("admin:grid_cluster_change", args=[ArrivalForecast.objects.get().cluster_id])
    return manager.get(page).content.decode()


def test_page_of_a_cluster_says_what_planning_for_arrivals_was_worth(manager, world):
    ArrivalForecast.objects.update(
        is_used=True, days_played=3, worst_without=0.531, worst_with=0.678, days=14, busyness=1.26
    )
    page = _panel(manager, world)
    assert "Yes, it helped" in page
    assert "53%, 68%" in page
    ArrivalForecast.objects.update(is_used=False)
    assert "No, it did not help" in _panel(manager, world)


def test_page_says_that_a_week_is_needed(manager, world):
    assert "a week is needed to learn from" in _panel(manager, world)


def test_forecast_is_looked_at_and_edited_by_nobody(manager, world):
    forecast = ArrivalForecast.objects.get()
    url = reverse("admin:scheduling_arrivalforecast_change", args=[forecast.pk])
    assert manager.get(url).status_code == 200
    assert manager.post(url, {"is_used": "on"}).status_code == 403
