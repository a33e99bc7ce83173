from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class FleetConfig(AppConfig):
    name = "fleet"
    verbose_name = "Fleet"

    def ready(self) -> None:
        import_module("fleet.phrases")
        if find_spec("fleet.receivers"):
            import_module("fleet.receivers")
