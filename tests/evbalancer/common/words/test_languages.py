"""A translator's folder alone makes a language: it is offered, chosen, shown, and wanted by nobody's migration."""

import shutil
import struct
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from drivers.api.serializers import PreferenceSerializer
from drivers.domain.language import language_of
from drivers.models import Preference
from evbalancer.admin.setup.forms import CommunityForm
from evbalancer.common.words.catalogues import DOMAINS, read_catalogue
from evbalancer.common.words.languages import offered_languages, translated_pct
from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell_in
from scheduling.admin.alarm import ChannelForm
from scheduling.api.alarm_channels import ChannelWriteSerializer
from scheduling.models import AlarmChannel
from tests.factories.drivers import DriverFactory, UserFactory
from tests.factories.grid import CommunityFactory

LOCALE = settings.LOCALE_PATHS[0]
HEADER = {"": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"}


def compiled(words: dict[str, str]) -> bytes:
    """As `msgfmt` writes it, without a table of hashes."""
    pairs = sorted((one.encode(), other.encode()) for one, other in (HEADER | words).items())
    texts, table = b"", ([], [])
    start = 28 + 16 * len(pairs)
    for column in (0, 1):
        for pair in pairs:
            table[column].append(struct.pack("<II", len(pair[column]), start + len(texts)))
            texts += pair[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + b"".join(table[0]) + b"".join(table[1]) + texts


def add_language(locale: Path, folder: str, *, share: float = 1) -> None:
    """A catalogue that says everything behind a mark."""
    there = locale / folder / "LC_MESSAGES"
    there.mkdir(parents=True)
    for domain in DOMAINS:
        german = sorted(read_catalogue(LOCALE / "de" / "LC_MESSAGES" / f"{domain}.po").items())
        told = {
            (f"{msgid}\0{entry.plural}" if entry.plural else msgid): "\0".join(
                [f"« {msgid}"] * len(entry.said)
            )
            for msgid, entry in german[: round(share * len(german))]
        }
        (there / f"{domain}.mo").write_bytes(compiled(told))


@pytest.fixture
def locale(tmp_path):
    shutil.copytree(LOCALE / "de", tmp_path / "de")
    return tmp_path


@pytest.fixture
def french(locale, settings):
    add_language(locale, "fr")
    settings.LOCALE_PATHS = [locale]
    settings.LANGUAGES = offered_languages(locale)


def test_languages_of_this_server_are_those_that_are_here() -> None:
    assert settings.LANGUAGES == [("en", "English"), ("de", "Deutsch")]


def test_folders_are_offered_under_their_own_names(locale):
    for folder in ("fr", "pt_BR", "gsw"):
        add_language(locale, folder)
    assert offered_languages(locale)[2:] == [
        ("fr", "Français"),
        ("gsw", "Gsw"),
        ("pt-br", "Português Brasileiro"),
    ]


@pytest.mark.parametrize(("share", "is_offered"), [(0.89, False), (0.92, True)])
def test_catalogue_is_offered_once_nine_in_ten_messages_are_there(locale, share, is_offered):
    add_language(locale, "fr", share=share)
    assert (("fr", "Français") in offered_languages(locale)) == is_offered
    assert translated_pct(locale, "fr") == pytest.approx(100 * share, abs=1)


def test_folder_that_is_not_compiled_is_not_offered(locale):
    (locale / "fr" / "LC_MESSAGES").mkdir(parents=True)
    assert translated_pct(locale, "fr") == 0
    assert [code for code, _ in offered_languages(locale)] == ["en", "de"]


@pytest.mark.usefixtures("french")
@pytest.mark.django_db
class TestThirdLanguage:
    def test_pages_and_scripts_speak_it_to_a_browser_that_asks(self, client: Client):
        UserFactory()
        html = client.get("/login", headers={"accept-language": "fr"}).content.decode()
        assert '<html lang="fr">' in html
        assert "<h1>« Sign in</h1>" in html
        assert 'name="language" value="de" lang="de">Deutsch' in html
        assert 'value="fr"' not in html
        assert 'value="fr" lang="fr">Français' in client.get("/login").content.decode()
        assert (
            '"charging": "\\u00ab charging"'
            in client.get("/words.js", headers={"accept-language": "fr"}).content.decode()
        )

    def test_driver_chooses_it_and_is_told_in_it(self, client: Client):
        driver = DriverFactory()
        client.force_login(driver.user)
        client.post("/language", {"language": "fr", "next": "/"})
        assert Preference.objects.get(driver=driver).language == "fr"
        assert '<html lang="fr">' in client.get("/").content.decode()

    def test_mails_are_in_the_language_of_their_community(self):
        community = CommunityFactory(language="fr")
        community.full_clean()
        needs = Said("emergency.distance_needs", {"distance_km": 30, "energy_wh": 6_500})
        assert tell_in(language_of(None, community), needs) == "« 30 km need about 6,5 kWh."

    @pytest.mark.parametrize("model", [Preference, AlarmChannel])
    def test_models_take_it(self, model):
        assert ("fr", "Français") in model._meta.get_field("language").choices

    @pytest.mark.parametrize("form", [CommunityForm, ChannelForm])
    def test_forms_offer_it(self, form):
        assert ("fr", "Français") in form().fields["language"].choices

    @pytest.mark.parametrize("serializer", [PreferenceSerializer, ChannelWriteSerializer])
    def test_api_takes_it(self, serializer):
        assert "fr" in serializer().fields["language"].choices

    def test_no_migration_arises(self):
        call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_check_says_how_much_is_translated_and_whether_it_is_offered(locale, settings, capsys):
    settings.LOCALE_PATHS = [locale]
    add_language(locale, "fr", share=0.5)
    with pytest.raises(CommandError, match="Not complete: fr"):
        call_command("check_translations", "fr")
    told = capsys.readouterr().out
    assert (
        f"fr: compiled to {translated_pct(locale, 'fr')} % of the German messages; offered from 90 % on"
        in told
    )
