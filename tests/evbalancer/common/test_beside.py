import pytest

from evbalancer.common.beside import Beside, StepFailedError
from grid.models import Community

pytestmark = pytest.mark.django_db


def make_twice() -> int:
    Community.objects.create(name="A", slug="a")
    Community.objects.create(name="B", slug="a")
    return 2


def test_step_that_succeeds_returns_what_it_returns() -> None:
    beside = Beside("a test")
    assert beside.attempt("step", lambda: 3, otherwise=0) == 3
    assert beside.failed == {}


def test_step_that_fails_is_undone_and_the_rest_goes_on() -> None:
    beside = Beside("a test")
    Community.objects.create(name="Before", slug="before")
    assert beside.attempt("step", make_twice, otherwise=0) == 0
    assert beside.failed == {"step": "IntegrityError"}
    assert set(Community.objects.values_list("slug", flat=True)) == {"before"}


def test_failed_step_without_savepoints_asks_for_the_act_to_be_repeated() -> None:
    with pytest.raises(StepFailedError, match="step"):
        Beside("a test", savepoints=False).attempt("step", {}.popitem, otherwise=("", ""))
