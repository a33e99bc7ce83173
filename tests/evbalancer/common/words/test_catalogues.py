"""Gaps of a language beside the complete one, for every folder that is there."""

import pytest
from django.conf import settings

from evbalancer.common.words.catalogues import Entry, find_gaps, read_catalogue

LOCALE = settings.LOCALE_PATHS[0]
HEADER = 'msgid ""\nmsgstr ""\n"Language: xx\\n"\n\n'
COMPLETE = (
    HEADER + 'msgid "Stop"\nmsgstr "Stopp"\n\nmsgid "%(count)s car"\nmsgid_plural "%(count)s cars"\n'
    'msgstr[0] "%(count)s Auto"\nmsgstr[1] "%(count)s Autos"\n'
)


@pytest.mark.parametrize("language", sorted(path.name for path in LOCALE.iterdir() if path.is_dir()))
def test_every_language_that_is_here_is_complete(language):
    assert find_gaps(LOCALE, language) == []


def locale_with(tmp_path, words):
    for language, told in (("de", COMPLETE), ("xx", HEADER + words)):
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "django.po").write_text(told)
        (folder / "djangojs.po").write_text(HEADER)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "gaps"),
    [
        ("", ["'Stop' is missing", "'%(count)s car' is missing"]),
        ('msgid "Stop"\nmsgstr ""\n', ["'Stop' is not translated", "'%(count)s car' is missing"]),
        (
            '#, fuzzy\nmsgid "Stop"\nmsgstr "Alt"\n',
            ["'Stop' is a guess (fuzzy): check it and remove the mark", "'%(count)s car' is missing"],
        ),
        (
            'msgid "Stop"\nmsgstr ""\n"Al"\n"t"\n\nmsgid "%(count)s car"\nmsgid_plural "%(count)s cars"\nmsgstr[0] "%(cars)s auto"\n',
            ["'%(count)s car' names cars, which the original does not have"],
        ),
        (
            'msgid "Stop"\nmsgstr "Alt"\n\nmsgid "%(count)s car"\nmsgid_plural "%(count)s cars"\nmsgstr[0] "auto"\n',
            ["'%(count)s car' lacks count"],
        ),
    ],
)
def test_each_gap_is_named(tmp_path, words, gaps):
    assert find_gaps(locale_with(tmp_path, words), "xx") == [f"django.po: {gap}" for gap in gaps]


def test_missing_file_is_a_gap(tmp_path):
    (locale_with(tmp_path, "") / "xx" / "LC_MESSAGES" / "djangojs.po").unlink()
    assert "djangojs.po: the file is missing" in find_gaps(tmp_path, "xx")


def test_strings_may_go_on_over_lines(tmp_path):
    path = tmp_path / "django.po"
    path.write_text(HEADER + 'msgid ""\n"One "\n"two"\nmsgstr ""\n"Eins "\n"zwei"\n')
    assert read_catalogue(path) == {"One two": Entry(said=["Eins zwei"])}
