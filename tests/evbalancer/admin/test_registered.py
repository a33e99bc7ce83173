from django.apps import apps
from django.contrib import admin

OURS = ("grid", "drivers", "fleet", "chargers", "pricing", "scheduling")
# Django can't show a composite key; the newest meter values stand on their session's page, corrections on their make's.
WITHOUT_PAGES = {"chargers.MeterValue", "chargers.ModelCorrection"}


def test_every_model_of_ours_has_pages():
    unseen = {
        model._meta.label
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        if not admin.site.is_registered(model)
    }
    assert unseen == WITHOUT_PAGES
