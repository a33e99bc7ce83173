"""`manage.py setup`: a whole site from one file, or every fault of it with its place."""

import csv
import logging
import stat
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from chargers.domain.sockets.keys import match_key
from chargers.models import AccessRule, ChargePoint, Connector
from drivers.models import Driver, IdTag, User
from evbalancer.setup.site_file import lines_of
from grid.models import AuditEntry, Circuit, Cluster, Community
from pricing.domain.versions import rater_of, version_at
from tests.factories.chargers import ChargePointFactory
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.django_db
EXAMPLES = Path(settings.BASE_DIR) / "docs" / "examples"
LEAST = '[community]\nname = "Mill"\n[connection]\nlimit_a = 100\n'


def set_up(path, *arguments, secrets=None):
    out = StringIO()
    extra = ["--secrets", str(secrets)] if secrets else []
    call_command("setup", "--from", str(path), *arguments, *extra, stdout=out)
    return out.getvalue()


def written(folder, text, name="site.toml"):
    path = folder / name
    path.write_text(text)
    return path


def refused(path):
    with pytest.raises(CommandError) as refusal:
        set_up(path)
    first, *faults = str(refusal.value).splitlines()
    assert first == "Nothing was stored."
    return faults


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.toml")))
def test_each_example_is_right_and_the_second_time_changes_nothing(name, tmp_path):
    secrets = tmp_path / "secrets.csv"
    assert set_up(EXAMPLES / name, "--check") == "The description is right. Nothing was stored.\n"
    assert not Community.objects.exists()
    set_up(EXAMPLES / name, secrets=secrets)
    entries, kept = AuditEntry.objects.count(), secrets.read_text()
    set_up(EXAMPLES / name, secrets=secrets)
    assert (AuditEntry.objects.count(), secrets.read_text()) == (entries, kept)


def test_block_of_flats_is_as_the_example_says(tmp_path, django_capture_on_commit_callbacks):
    set_up(EXAMPLES / "elm-street.toml", secrets=tmp_path / "secrets.csv")
    community = Community.objects.get()
    assert (community.name, community.slug, community.language) == ("Elm Street 12", "elm-street-12", "de")
    root = Circuit.objects.get(parent=None)
    assert (root.limit_ma, root.base_load_max_ma) == ((100_000,) * 3, (60_000,) * 3)
    assert (root.has_meter, root.meter_sees) == (True, "everything")
    visitors = Circuit.objects.get(name="Visitors")
    assert (visitors.parent.name, visitors.limit_ma) == ("Panel B", (32_000, 32_000, 25_000))
    assert not Cluster.objects.get().is_public
    assert ChargePoint.objects.count() == 12
    first = Connector.objects.get(charge_point__identity="ELM-V01")
    assert (first.circuit, first.phase_rotation, first.max_current_ma, first.chosen_fallback_ma) == (
        visitors, "RST", 16_000, 6_000,
    )  # fmt: skip
    assert sorted(Connector.objects.values_list("chosen_fallback_ma", flat=True)) == [0] * 11 + [6_000]
    rules = AccessRule.objects.values_list("connector__charge_point__identity", "audience")
    assert sorted(rules) == [("ELM-V01", "guests"), ("ELM-V02", "guests")]
    assert {card.token: card.driver.name for card in IdTag.objects.all()} == {
        "04A1B2C3": "Anna Berger", "04A1B2C4": "Bilal Haddad", "04A1B2C5": "Chiara Rossi", "04A1B2C6": "Dora Lindt",
    }  # fmt: skip
    assert Driver.objects.get(name="Chiara Rossi").flat == Driver.objects.get(name="Bilal Haddad").flat
    version = version_at(community, at=AuditEntry.objects.latest("at").at)
    assert version is not None
    assert rater_of(version, time_zone=community.time_zone) is not None
    assert [window.price_per_mwh_minor for window in version.tariff.windows.all()] == [29_000, 29_000]
    assert version.tariff.base_price_per_mwh_minor == 35_000
    anna = User.objects.get()
    assert (anna.username, anna.is_staff, anna.is_superuser) == ("anna", True, False)


def test_a_space_is_for_a_flat_that_the_same_file_names(tmp_path):
    text = LEAST + (
        '[[charger]]\nidentity = "A1"\naccess = "flat 3 left; guests, Sat-Sun"\n'
        '[[person]]\nname = "Ada"\nflat = "3 left"\n'
    )
    set_up(written(tmp_path, text))
    assert [(rule.audience, str(rule.flat or "")) for rule in AccessRule.objects.all()] == [
        ("flat", "3 left"),
        ("guests", ""),
    ]
    wrong = text.replace("flat 3 left;", "flat 4;")
    assert refused(written(tmp_path, wrong)) == [
        "line 7, [[charger]] 1, access: There is no flat or cost centre '4'."
    ]


def test_connection_of_one_phase_in_kva_counts_on_l1_and_so_do_its_chargers(tmp_path):
    set_up(EXAMPLES / "house.toml", secrets=tmp_path / "secrets.csv")
    assert Circuit.objects.get().limit_ma == (34_782, 0, 0)
    assert set(Connector.objects.values_list("phase_rotation", flat=True)) == {"R"}


def test_secrets_are_in_a_file_of_the_owner_and_nowhere_else(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = tmp_path / "secrets.csv"
    said = set_up(EXAMPLES / "elm-street.toml", "--url", "wss://charging.example.org", secrets=secrets)
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    rows = list(csv.DictReader(StringIO(secrets.read_text())))
    assert len(rows) == 13
    assert rows[0]["address"] == "wss://charging.example.org/ocpp/ELM-A01"
    assert rows[-1]["address"] == "https://charging.example.org/admin/"
    for row in rows:
        assert row["secret"] not in said + caplog.text
        assert not AuditEntry.objects.filter(after__icontains=row["secret"]).exists()
    charge_point = ChargePoint.objects.get(identity="ELM-A01")
    assert match_key(rows[0]["secret"].encode(), key_hash=charge_point.key_hash)[0]
    assert User.objects.get().check_password(rows[-1]["secret"])


@pytest.mark.parametrize("trouble", ["others can read it", "it can't be written"])
def test_without_a_private_file_nothing_is_stored(tmp_path, trouble):
    secrets = tmp_path / "secrets.csv"
    if trouble == "others can read it":
        secrets.touch(mode=0o644)
        secrets.chmod(0o644)
    else:
        secrets.mkdir()
    with pytest.raises(CommandError, match="Nothing was stored"):
        set_up(EXAMPLES / "house.toml", secrets=secrets)
    assert not Community.objects.exists()
    assert secrets.is_dir() or secrets.read_text() == ""


def test_changed_file_changes_what_differs_and_takes_nothing_away(tmp_path):
    set_up(
        written(
            tmp_path,
            LEAST
            + '[[circuit]]\nname = "Panel"\nlimit_a = 63\n[[charger]]\nidentity = "M1"\ncircuit = "Panel"\n',
        )
    )
    text = (
        LEAST.replace("100", "80")
        + '[[charger]]\nidentity = "M1"\nname = "Left"\nmax_current_a = 16\n[[charger]]\nidentity = "M2"\n'
    )
    set_up(written(tmp_path, text))
    assert {circuit.name: circuit.limit_l1_ma for circuit in Circuit.objects.all()} == {
        "Grid connection": 80_000, "Panel": 63_000,
    }  # fmt: skip
    connector = Connector.objects.get(charge_point__identity="M1")
    assert (connector.charge_point.name, connector.max_current_ma) == ("Left", 16_000)
    assert connector.circuit.name == "Grid connection"
    assert len((tmp_path / "site-secrets.csv").read_text().splitlines()) == 3


def test_every_fault_is_named_with_its_place(tmp_path):
    other = ClusterFactory()
    ChargePointFactory(cluster=other, community=other.community, identity="TAKEN")
    lists = "identity;max_current_a\nX1;sixteen\nX2;16\nX2;16\n"
    written(tmp_path, lists, "list.csv")
    text = """[community]
name = "Bad"
curency = "EUR"

[connection]
limit_a = 100
phases = 2

[[circuit]]
name = "Panel"
limit_a = 500
[[circuit]]
name = "Feeder"
below = "Nowhere"
limit_a = "x"

[[charger]]
identity = "a/b"
[[charger]]
identity = "TAKEN"
[[charger]]
identity = "M1"
circuit = "Attic"

[lists]
chargers = "list.csv"
[tariff]
price_per_kwh = "cheap"
[[person]]
name = "A"
email = "nomail"
[[manager]]
name = "Nobody"
"""
    assert refused(written(tmp_path, text)) == [
        "list.csv, row 2, max_current_a: 'sixteen' is not a current in amperes, for example 16 or 16.5.",
        "list.csv, row 4, connector: Connector 1 of X2 is there twice.",
        "line 3, [community], curency: There is no such key here; there are currency, language, name, time_zone.",
        "line 7, [connection], phases: A connection has 1 or 3 phases.",
        "line 11, [[circuit]] 1, limit_a: Panel allows 500 A below Grid connection with 100 A. Is that right? Then say so (exceeds_above): the smaller limit counts.",
        "line 14, [[circuit]] 2, below: There is no circuit Nowhere above it, or the two would hang on each other.",
        "line 15, [[circuit]] 2, limit_a: This is a number of amperes, without quotation marks.",
        "line 18, [[charger]] 1, identity: At most 48 characters: letters, digits and signs without accents, no slash, and no blanks but single ones inside.",
        "line 19, [[charger]] 2: The identity 'TAKEN' is taken.",
        "line 23, [[charger]] 3, circuit: Bad has no circuit Attic.",
        "line 28, [tariff], price_per_kwh: This is not a price for a kWh, for example 0.35.",
        "line 31, [[person]] 1, email: Enter a valid email address.",
        "line 32, [[manager]] 1, user_name: This is missing.",
    ]
    assert not Community.objects.filter(name="Bad").exists()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[community", "site.toml: This is not TOML: Expected ']' at the end of a table declaration (at end of document)."),
        ('[comunity]\nname = "X"\n', "line 1, [comunity]: There is no such table; there are [community], [connection], [lists], [fallbacks], [tariff], [[circuit]], [[charger]], [[person]], [[manager]]."),
        ("[community]\nname = 3\n", "line 2, [community], name: This is a text, in quotation marks."),
        ('[community]\nname = "X"\n[[charger]]\nidentity = "A"\n', "line 1, [community]: Circuits and chargers need a [connection]."),
        ('[community]\nname = "X"\n[connection]\nphases = 3\n', "line 3, [connection]: Say the limit as limit_a or as limit_kva, one of them."),
        (LEAST + "limit_kva = 10\n", "line 3, [connection]: Say the limit as limit_a or as limit_kva, one of them."),
        (LEAST + 'meter = "everything"\n', "line 3, [connection], building_max_a: Enter the maximum of the metered load: it counts while the meter is silent."),
        (LEAST + '[lists]\nchargers = "gone.csv"\n', "line 6, [lists], chargers: gone.csv: No such file or directory"),
        (LEAST + '[circuit]\nname = "A"\n', "line 5, [circuit]: Write [[circuit]]: there may be several."),
        (LEAST + '[[circuit]]\nname = "A"\nlimit_a = 10\n[[circuit]]\nname = "a"\nlimit_a = 10\n', "line 9, [[circuit]] 2, name: a is there twice."),
        (LEAST + '[[charger]]\nidentity = "M"\nfallback_a = 32\n[[charger]]\nidentity = "N"\nfallback_a = 70\nmax_current_a = 80\n', "Grid connection, L1: the fallbacks below it, the building's maximum and the margin need 3 A more than the limit."),
    ],
)  # fmt: skip
def test_fault_is_a_sentence_with_its_place(tmp_path, text, fault):
    assert fault in " ".join(refused(written(tmp_path, text)))
    assert not Community.objects.exists()


def test_lines_of_keys_are_found_below_their_headers():
    assert lines_of('a = 1\n[t]\nb = 2\n\n[[l]]\nb = 3\n[[ l ]]\n  "c"=1\nb = 4\n') == {
        ("", 0): {"a": 1},
        ("t", 0): {"": 2, "b": 3},
        ("l", 0): {"": 5, "b": 6},
        ("l", 1): {"": 7, "b": 9},
    }
