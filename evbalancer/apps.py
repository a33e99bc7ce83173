from django.apps import AppConfig
from django.conf import settings


class EVBalancerConfig(AppConfig):
    name = "evbalancer"
    verbose_name = "EV Balancer"

    def ready(self) -> None:
        from evbalancer.common.plain import watch_lines
        from evbalancer.common.words.models import translate_models
        from evbalancer.ops import checks  # noqa: F401 (registers itself)

        watch_lines()
        translate_models()

        if settings.BALANCE_RUNNER == "celery":
            import evbalancer.celery  # noqa: F401 (the application that tasks are sent by)
            from evbalancer.common.waking import answer_wakes, ask_worker

            answer_wakes(ask_worker)
