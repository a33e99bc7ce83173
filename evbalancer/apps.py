from django.apps import AppConfig


class EVBalancerConfig(AppConfig):
    name = "evbalancer"
    verbose_name = "EV Balancer"
