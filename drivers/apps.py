from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class DriversConfig(AppConfig):
    name = "drivers"
    verbose_name = "Drivers"

    def ready(self) -> None:
        import_module("drivers.phrases")
        import_module("drivers.api.schema")
        if find_spec("drivers.receivers"):
            import_module("drivers.receivers")
