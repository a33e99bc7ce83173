from django.apps import AppConfig


class EVBalancerConfig(AppConfig):
    name = "evbalancer"
    verbose_name = "EV Balancer"

    def ready(self) -> None:
        from evbalancer.ops import checks  # noqa: F401 (registers itself)
