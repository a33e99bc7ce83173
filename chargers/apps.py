from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class ChargersConfig(AppConfig):
    name = "chargers"
    verbose_name = "Chargers"

    def ready(self) -> None:
        if find_spec("chargers.receivers"):
            import_module("chargers.receivers")
