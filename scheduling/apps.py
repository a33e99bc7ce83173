from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = "Scheduling"

    def ready(self) -> None:
        import_module("scheduling.phrases")
        if find_spec("scheduling.receivers"):
            import_module("scheduling.receivers")
