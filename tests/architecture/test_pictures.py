"""Each picture that a document shows is there, and the command that takes pictures takes it: none is stale for ever."""

import re
import struct
from pathlib import Path

from tests.e2e import pictures

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
TAKEN = {pictures.DIRECTORY / pictures.file_name(*one): one for one in pictures.SHOWN}


def shown() -> set[Path]:
    found = set()
    for document in DOCUMENTS:
        for link in re.findall(r"\]\(([^)\s]+\.(?:png|jpe?g|webp))\)", document.read_text()):
            found.add((document.parent / link).resolve())
    return found


def test_pictures_that_documents_show_are_those_that_the_command_takes() -> None:
    assert shown() == set(TAKEN)


def test_each_picture_is_there_in_its_width_and_none_is_left_over() -> None:
    assert set(pictures.DIRECTORY.iterdir()) == set(TAKEN)
    for path, (_, look) in TAKEN.items():
        width, height = struct.unpack(">II", path.read_bytes()[16:24])
        dots = pictures.dots(look)
        assert (width, height) == (look.width * dots, pictures.HEIGHTS[look.width] * dots), path.name


def test_documents_show_every_width_scheme_and_language() -> None:
    looks = [look for _, look in pictures.SHOWN]
    assert {look.width for look in looks} == set(pictures.HEIGHTS)
    assert {look.scheme for look in looks} == set(pictures.SCHEMES)
    assert {look.language for look in looks} == set(pictures.LANGUAGES)
    assert {name for name, _ in pictures.SHOWN} <= set(pictures.SCENES)
