"""The words of a small product: each way in which they are marked is found, and what nothing marks."""

import pytest
from django.utils.translation import override

from chargers.models import Session
from evbalancer.common.words.choices import WordedChoices
from evbalancer.common.words.models import model_words
from evbalancer.common.words.shown import (
    find_unlisted,
    hard_coded,
    refusal_titles,
    registered_words,
    shown_words,
    theme_words,
)
from grid.models import Circuit

ADMIN = """
class Chosen(WordedFilter):
    title = "filter's title"
    def lookups(self, request, model_admin):
        return [("open", "lookup")]

class ThingAdmin(TenantAdmin):
    fieldsets = ((None, {"fields": ("name",)}), ("fieldset", {"fields": ("kind",), "description": "fieldset's help"}))
    search_help_text = "search's help"

    @display(description="column")
    def told(self, thing):
        return gettext("made %(name)s") % {"name": thing.name}

    @action(description="act", url_path="technical")
    def act(self, request): ...

class PartInline(TenantInline):
    verbose_name_plural = "tab"

HEADERS = ("first column", "second column")
MENUS = (Menu("Menu", "icon", {1: Sendable("Command", "icon", intro="command's help")}),)

class ThingForm(ActForm):
    name = forms.CharField(label="form's label", help_text="help")

GROUPS = (("menu's group", (("item", "icon", "grid.Thing"),)),)
"""
PAGE = """{% load i18n %}<h1 title="bare title">{% translate "tag" %}</h1>
<p>{% blocktranslate with n=count %}{{ n }} things{% endblocktranslate %}</p><p>bare text</p><script>bare = "script"</script>"""


@pytest.fixture
def product(tmp_path):
    for path, text in {"grid/admin/thing.py": ADMIN, "templates/page.html": PAGE}.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return tmp_path


def test_every_way_of_marking_is_found(product):
    assert shown_words(product) - model_words() - registered_words() - refusal_titles() == {
        "filter's title", "lookup", "fieldset", "column", "made %(name)s", "act", "form's label", "help", "menu's group", "item",
        "tag", "%(n)s things", "fieldset's help", "search's help", "tab", "first column", "second column", "Menu", "Command", "command's help",
    }  # fmt: skip


def test_bare_text_and_titles_of_templates_are_found(product):
    assert hard_coded(product) == ["templates/page.html: bare text", "templates/page.html: bare title"]


def test_both_are_gaps_of_the_complete_language(product, tmp_path):
    folder = tmp_path / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    listed = sorted((shown_words(product) | model_words()) - {"column"})
    entries = [f'msgid "{words}"\nmsgstr "x"' for words in listed if '"' not in words and "\n" not in words]
    (folder / "django.po").write_text("\n\n".join(entries))
    gaps = find_unlisted(product, tmp_path / "locale")
    assert "django.po: 'column' is shown and is missing" in gaps
    assert "templates/page.html: bare text is not marked for translation" in gaps


def test_model_words_are_names_help_labels_and_choices():
    assert {
        "charge point",
        "charge points",
        "Limit on L1",
        "Nameplate, per phase.",
        "Resident",
        "Panel",
    } <= model_words()
    assert not {"limit l1 ma", "key hash", "token encrypted"} & model_words()


def test_choices_speak_the_language_that_is_active():
    class Colour(WordedChoices):
        RED = "red", "Cancel"

    assert [(value, str(label)) for value, label in Colour.choices] == [("red", "Cancel")]
    with override("de"):
        assert [str(label) for label in Colour.labels] == ["Abbrechen"]


def test_models_speak_the_language_that_is_active():
    options = Session._meta
    names = [options.verbose_name, options.verbose_name_plural, options.get_field("state").verbose_name]
    assert list(map(str, names)) == ["session", "sessions", "state"]
    with override("de"):
        assert list(map(str, names)) == ["Ladung", "Ladungen", "Zustand"]
        assert str(Circuit._meta.get_field("kind").choices[0][1]) == "Transformator"


def test_the_theme_s_own_words_are_found_unless_they_have_a_german(monkeypatch):
    assert "General" not in theme_words()
    monkeypatch.setattr("evbalancer.common.words.shown.gettext", lambda word: word)
    assert {"General", "Type to search"} <= theme_words()
