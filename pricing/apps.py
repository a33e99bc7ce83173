from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class PricingConfig(AppConfig):
    name = "pricing"
    verbose_name = "Pricing"

    def ready(self) -> None:
        import_module("pricing.phrases")
        if find_spec("pricing.receivers"):
            import_module("pricing.receivers")
