from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class ManagersAdminConfig(AdminConfig):
    """Django's admin on our own site, with the other packages' models put into operators' hands."""

    default_site = "evbalancer.admin.site.ManagersSite"

    def ready(self) -> None:
        super().ready()
        for module in ("live_tree", "timeline", "operators"):
            import_module(f"evbalancer.admin.{module}")
