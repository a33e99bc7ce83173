"""Two beats, or a task that is handed out twice: what is done twice at one moment is done once."""

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command

from evbalancer import celery
from evbalancer.life.digest import OTHERS, read_rows
from tests.evbalancer.ops.test_periodic import beat

pytestmark = pytest.mark.django_db


@pytest.fixture
def eager():
    celery.app.loader.import_default_modules()  # as a worker does
    celery.app.conf.task_always_eager = True
    yield
    celery.app.conf.task_always_eager = False


def rows() -> dict[str, list[str]]:
    """All rows of ours, by table."""
    return {
        model._meta.label: read_rows(model)
        for model in apps.get_models()
        if model._meta.app_label not in OTHERS
    }


@pytest.mark.promise("R5")
def test_second_beat_of_the_same_moment_changes_no_row(world, eager, time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    call_command("register_periodic_tasks", stdout=StringIO())
    before = rows()
    beat()
    first = rows()
    beat()
    assert rows() == first
    assert first != before
