from importlib import import_module

from django.apps import AppConfig


class ChargersConfig(AppConfig):
    name = "chargers"
    verbose_name = "Chargers"

    def ready(self) -> None:
        import_module("chargers.phrases")
        import_module("chargers.receivers")
        import_module("chargers.ocpp.languages")
