"""Each domain file has its test at the mirrored path, or stands in `unmirrored.txt`, a list that only shrinks."""

from pathlib import Path

from tests.architecture import source
from tests.architecture.source import ROOT, name_of

LIST = Path(__file__).with_name("unmirrored.txt")
MOST_LISTED_SHARE = 0.1


def domain_files() -> list[str]:
    return [name_of(path) for path in source.domain_files()]


def listed() -> list[str]:
    return LIST.read_text().splitlines()


def mirror_of(module: str) -> Path:
    path = Path(module)
    return ROOT / "tests" / path.parent / f"test_{path.name}"


def test_domain_file_has_a_mirrored_test_or_is_listed():
    without = [module for module in domain_files() if not mirror_of(module).exists()]
    assert [module for module in without if module not in listed()] == []


def test_list_names_only_files_that_lack_a_mirrored_test():
    unfit = [module for module in listed() if module not in domain_files() or mirror_of(module).exists()]
    assert unfit == [], "take these lines out of unmirrored.txt"


def test_list_is_sorted_and_names_each_file_once():
    assert listed() == sorted(set(listed()))


def test_nine_of_ten_domain_files_have_a_mirrored_test():
    assert len(listed()) <= MOST_LISTED_SHARE * len(domain_files())


def test_test_of_a_domain_bears_the_name_of_a_module_beside_its_mirror():
    """`test_requests.py` or `test_requests_race.py`: the specification lies beside the code, and nothing lies loose."""
    loose = []
    for path in sorted((ROOT / "tests").glob("*/domain/**/test_*.py")):
        room = ROOT / path.parent.relative_to(ROOT / "tests")
        modules = [each.stem for each in room.glob("*.py") if each.name != "__init__.py"]
        about = path.stem.removeprefix("test_")
        if not any(about == module or about.startswith(f"{module}_") for module in modules):
            loose.append(name_of(path))
    assert loose == []
