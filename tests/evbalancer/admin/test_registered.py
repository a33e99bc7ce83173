from django.apps import apps
from django.contrib import admin
from django.db.models import UniqueConstraint

OURS = ("grid", "drivers", "fleet", "chargers", "pricing", "scheduling")
# Django can't show a composite key; the newest meter values stand on their session's page, corrections on their make's, and
# versions on their tariff's. An account's page says whether it has a second factor, and of one there is no more to see.
WITHOUT_PAGES = {
    "chargers.MeterValue",
    "chargers.MakeCorrection",
    "pricing.TariffVersion",
    "drivers.Authenticator",
    "drivers.Passkey",
    "drivers.RecoveryCode",
}


def test_every_model_of_ours_has_pages():
    unseen = {
        model._meta.label
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        if not admin.site.is_registered(model)
    }
    assert unseen == WITHOUT_PAGES


def test_every_rule_that_a_form_can_break_is_told_in_words():
    """Django names the constraint of the database otherwise; for plain columns that are unique it has words of its own."""
    nameless = {
        f"{model._meta.label}: {rule.name}"
        for model, page in admin.site._registry.items()
        if model._meta.app_label in OURS and {"add", "change"} & (page.operator_may | page.manager_may)
        for rule in model._meta.constraints
        if rule.violation_error_message == rule.default_violation_error_message
        and not (isinstance(rule, UniqueConstraint) and rule.fields and rule.condition is None)
    }
    # The code sets both moments, and no form asks for them.
    assert nameless == {"drivers.Invitation: invitation_ends_after_it_begins"}
