from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class GridConfig(AppConfig):
    name = "grid"
    verbose_name = "Grid"

    def ready(self) -> None:
        import_module("grid.phrases")
        if find_spec("grid.receivers"):
            import_module("grid.receivers")
