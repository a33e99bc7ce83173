from importlib import import_module

import pytest

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell_in

module = import_module("fleet.migrations.0007_old_words_as_codes")


@pytest.mark.parametrize("word", module.CODES)
def test_old_words_are_recognised_and_written_back(word: str) -> None:
    said = module.read_word(word)
    assert (module.read_word(said), module.write_word(said)) == (said, word)
    assert tell_in("en", Said.of_stored(said)) == word
    assert tell_in("de", Said.of_stored(said)) != word


def test_other_words_stay_as_they_are() -> None:
    assert tell_in("de", Said.of_stored(module.read_word("a hunch"))) == "a hunch"
    assert module.write_word(module.read_word("a hunch")) == "a hunch"
