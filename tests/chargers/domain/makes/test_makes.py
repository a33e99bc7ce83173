"""A make is found by vendor and model; what one of it shows holds for all of it, and nothing is believed before."""

import pytest

from chargers.domain.makes.makes import known_make, learn_facts, note_make, read_makes, share_makes
from chargers.models import ChargePoint, Make
from tests.factories.chargers import ChargePointFactory

pytestmark = pytest.mark.django_db


def test_charge_points_of_one_vendor_and_model_are_of_one_make():
    one, other, another = (
        ChargePointFactory(vendor="V", model=model, firmware_version=firmware)
        for model, firmware in (("M", "1"), ("M", "2"), ("N", "1"))
    )
    for each in (one, other, another):
        note_make(each)
    assert (one.make, another.make) == (other.make, Make.objects.get(model="N"))
    one.model = "N"
    note_make(one)
    assert ChargePoint.objects.get(pk=one.pk).make == another.make


def test_charge_point_that_says_nothing_is_of_no_make_and_teaches_nothing():
    silent = ChargePointFactory(vendor="", model="")
    note_make(silent)
    learn_facts(silent, honours_duration=True)
    assert (silent.make, Make.objects.count()) == (None, 0)
    known = known_make(silent)
    facts = (known.honours_duration, known.honours_relative, known.max_stack_level, known.rung)
    assert (facts, known.clock_error_s) == ((None, None, None, 0), 3)


def test_fact_is_kept_for_all_of_its_make_and_written_once(django_assert_num_queries):
    make = Make.objects.create(vendor="V", model="M", rung=2)
    charge_point = ChargePointFactory(make=make)
    with django_assert_num_queries(1):
        learn_facts(charge_point, keeps_limits_apart=True, rung=2)
    with django_assert_num_queries(0):
        learn_facts(charge_point, keeps_limits_apart=True)
    make.refresh_from_db()
    assert (make.keeps_limits_apart, make.rung, known_make(charge_point)) == (True, 2, make)


def test_charge_points_of_one_make_share_what_is_learnt(django_assert_num_queries):
    for _ in range(2):
        note_make(ChargePointFactory(vendor="V", model="M"))
    ChargePointFactory(vendor="", model="")
    first, second, silent = ChargePoint.objects.select_related("make").order_by("-vendor", "pk")
    assert first.make is not second.make
    share_makes([first, second, silent])
    assert (first.make is second.make, silent.make) == (True, None)
    fresh = list(ChargePoint.objects.order_by("-vendor", "pk"))
    with django_assert_num_queries(1):
        read_makes(fresh)
    assert (fresh[0].make is fresh[1].make, fresh[0].make, fresh[2].make) == (True, first.make, None)
