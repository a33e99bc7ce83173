"""What a car feeds back: by the register of export, kept with the session, and never room for others."""

from datetime import timedelta

import pytest
from django.db import transaction

from chargers.domain.metering import draws, meter
from chargers.domain.metering.meter_book import MeterBook
from chargers.domain.sessions import sessions
from chargers.models import Session
from chargers.ocpp.sampled import of_moment


@pytest.fixture
def tell(say, connector, now):
    """Sampled values in OCPP's words, in a book of its own each time, as after a restart."""
    transaction_id = sessions.start_session(say.start(meter_wh=10_000), now=now).transaction_id

    def tell(after_s, *values):
        at = now + timedelta(seconds=after_s)
        (sample,) = of_moment(values, measured_at=at)
        with transaction.atomic():
            meter.take_meter_values([say.meter(transaction_id, at, sample)], MeterBook())
        return Session.objects.get()

    return tell


def exported(value, unit="Wh", **more):
    return {"measurand": "Energy.Active.Export.Register", "value": str(value), "unit": unit, **more}


def test_export_counts_from_its_first_register_beside_what_was_charged(tell):
    session = tell(60, exported(50_000), {"value": "10200"})
    assert (session.exported_wh, session.energy_wh) == (0, 200)
    session = tell(600, exported(51_000), {"value": "10200"})
    assert (session.exported_wh, session.export_start_wh, session.energy_wh) == (1_000, 50_000, 200)
    assert tell(660, exported(51.5, "kWh")).exported_wh == 1_500


def test_register_of_export_that_goes_back_or_too_fast_or_is_of_a_phase_counts_nothing(tell):
    tell(60, exported(50_000))
    tell(600, exported(51_000))
    for odd in (exported(50_900), exported(9_000_000), exported(-5), exported(51_300, phase="L1")):
        assert tell(660, odd).exported_wh == 1_000


def test_export_after_the_end_is_not_the_sessions(tell):
    tell(60, exported(50_000))
    tell(600, exported(51_000))
    Session.objects.update(meter_stop_wh=10_000)
    assert tell(660, exported(51_300)).exported_wh == 1_000


def test_session_whose_meter_tells_no_export_says_so(tell):
    assert tell(60, {"value": "10200"}).exported_wh is None


def test_power_that_flows_out_is_no_room_for_others(tell, now):
    """The same as nothing drawn, on each phase: it may stop at any instant."""
    values = [
        {"measurand": "Current.Import", "phase": f"L{phase}", "value": "-16", "unit": "A"}
        for phase in (1, 2, 3)
    ]
    session = tell(60, {"measurand": "Power.Active.Import", "value": "-11000", "unit": "W"}, *values)
    draw = draws.draw_now(session, None, now=now + timedelta(seconds=60))
    assert draw is not None
    assert (tuple(draw.current_ma), draw.power_w) == ((0, 0, 0), 0)
