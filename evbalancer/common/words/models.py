"""Names and help of models in the reader's language: models say them in English, and this marks them all (ADR 136)."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from evbalancer.common.admin import wording

OWN = ("grid", "drivers", "fleet", "chargers", "pricing", "scheduling")


def own_models() -> Iterator[type[Model]]:
    for app in OWN:
        yield from apps.get_app_config(app).get_models()


def translate_models() -> None:
    """Before the first form is made: forms copy what they find."""
    for app in OWN:
        config = apps.get_app_config(app)
        config.verbose_name = gettext_lazy(str(config.verbose_name))
    for model in own_models():
        for holder, name in _worded(model):
            words = getattr(holder, name)
            # Django's own words are translated already. A plural without words of its own is made of the English singular.
            is_made = name == "verbose_name_plural" and name not in holder.original_attrs
            if words and (is_made or not isinstance(words, Promise)):
                setattr(holder, name, gettext_lazy(str(words)))


def model_words() -> set[str]:
    """All that people are shown of models, in English unless a language is active."""
    registered = admin.site._registry  # noqa: SLF001
    words = {str(apps.get_app_config(app).verbose_name) for app in OWN}
    for model in own_models():
        options = model._meta  # noqa: SLF001
        words |= {str(options.verbose_name), str(options.verbose_name_plural)}
        words |= {str(getattr(rule, "violation_error_message", "")) for rule in _own_rules(options)}
        for field in (*options.local_fields, *options.local_many_to_many):
            is_shown = model in registered and not wording.is_secret(field.name) and not field.primary_key
            if is_shown:
                unit = wording.unit_of(field.name)
                words |= {wording.english_label(field.name) if unit else str(field.verbose_name)}
                words |= {str(field.help_text), *_labels(field.choices or ())}
    return words - {""}


def _worded(model: type[Model]) -> Iterator[tuple[Any, str]]:
    options = model._meta  # noqa: SLF001
    yield from ((options, "verbose_name"), (options, "verbose_name_plural"))
    for field in (*options.local_fields, *options.local_many_to_many):
        yield from ((field, "verbose_name"), (field, "help_text"))
    yield from ((rule, "violation_error_message") for rule in _own_rules(options))


def _own_rules(options: Any) -> list[Any]:
    """Constraints that say something else than that they are violated."""
    return [
        rule
        for rule in options.constraints
        if rule.violation_error_message != rule.default_violation_error_message
    ]


def _labels(choices: Iterable[Any]) -> Iterator[str]:
    # Only names are words: `("6", 6)` and the code of a language are none.
    return (str(label) for _, label in choices if isinstance(label, Promise))
