from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from fleet.models import Vehicle
from tests.factories.fleet import VehicleFactory


def shape() -> dict[str, Any]:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        return {table: connection.introspection.get_constraints(cursor, table) for table in tables}


@pytest.mark.promise("R10")
@pytest.mark.django_db
def test_migrations_run_again_change_nothing() -> None:
    car, before = VehicleFactory(), shape()
    call_command("migrate", verbosity=0)
    assert shape() == before
    assert list(Vehicle.objects.all()) == [car]
