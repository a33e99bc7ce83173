"""Whoever reads German walks the back office without meeting English: no text of a page is a message that has another German."""

from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.contrib import admin
from django.urls import reverse

from evbalancer.common.words.catalogues import read_catalogue

pytestmark = pytest.mark.drill

# Names of retention's ledgers, which commands and logs read too.
LEDGERS = frozenset({"meter values", "Meter values"})
UNREAD = ("script", "style", "code", "pre", "textarea")
ICON = "material-symbols"
READ_OUT = ("title", "placeholder", "aria-label", "alt")


class Seen(HTMLParser):
    """The texts of a page, and those of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self._unread = 0
        self._is_icon = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._unread += tag in UNREAD
        self._is_icon = ICON in (dict(attrs).get("class") or "")
        self._keep(value for name, value in attrs if name in READ_OUT and value)

    def handle_endtag(self, tag):
        self._unread -= tag in UNREAD
        self._is_icon = False

    def handle_data(self, data):
        if not self._unread and not self._is_icon:
            self._keep([data])

    def _keep(self, texts) -> None:
        self.texts |= {" ".join(text.split()) for text in texts}


@pytest.fixture(scope="module")
def english() -> frozenset[str]:
    """Messages with another German, as they stand in a page: Django capitalises names of models and fields."""
    catalogue = read_catalogue(settings.LOCALE_PATHS[0] / "de" / "LC_MESSAGES" / "django.po")
    german = {each for entry in catalogue.values() for said in entry.said for each in (said, _title(said))}
    found = {each for msgid in catalogue for each in (msgid, _title(msgid))}
    # A single word may be a row's: what a charge point calls its variables, for example.
    return frozenset(text for text in found - german if " " in text and text not in LEDGERS)


def _title(words: str) -> str:
    return words[:1].upper() + words[1:]


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda each: each._meta.label))
def test_pages_show_no_english(model, worlds, sign_in, english):
    client = sign_in(worlds.operator)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
    pages = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
    addresses = [reverse(pages + "changelist")]
    if row := model.objects.first():
        addresses.append(reverse(pages + "change", args=[row.pk]))
    for address in addresses:
        page = client.get(address, follow=True)
        assert page.status_code == 200, address
        shown = sorted(Seen(page.content.decode()).texts & english)
        assert shown == [], address
