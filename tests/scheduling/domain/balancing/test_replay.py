from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from chargers.models import ChargePoint, Connector
from scheduling.domain.balancing.rebalance import share_power
from scheduling.domain.balancing.replay import pack_problem, replay_run, unpack_problem
from scheduling.models import RebalanceRun
from scheduling.solver import Circuit, Demand, PhasorLimit, Policy, Problem, Reservation
from tests.e2e import site
from tests.scheduling.domain.balancing.test_watch import NOW, _charging

pytestmark = pytest.mark.django_db


def _run() -> RebalanceRun:
    built = site.build()
    ChargePoint.objects.update(online_until=datetime(2030, 1, 1, tzinfo=UTC))
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW)
    _charging("B1", limit_ma=0)
    run = share_power(built.cluster.pk, now=NOW)
    assert run is not None
    run.refresh_from_db()
    return run


def test_problem_survives_being_packed() -> None:
    problem = Problem(
        circuits=(Circuit("root", limit_ma=(35_000,) * 3, limit_w_series=(1_000.0, 2_000.0)),),
        demands=(Demand("car", "root", phases=(1,), remaining_wh=9_000),),
        reservations=(Reservation("root", load_ma=(1, 2, 3)),),
        phasors=(PhasorLimit("wye", 9_000, (("car", 0.5, -0.5),)),),
        policy=Policy(dead_band_ma=500),
        price=(0.2, 0.3),
        expected=(Demand("later", "root", arrive_s=900),),
    )
    assert unpack_problem(pack_problem(problem).inputs) == problem


def test_stored_run_decides_the_same_again() -> None:
    again = replay_run(_run())
    assert again is not None
    assert (list(again.now_ma.values()), again.differs) == ([32_000], {})


def test_command_tells_a_run_that_would_be_decided_otherwise() -> None:
    run = _run()
    out = StringIO()
    call_command("replay_run", str(run.pk), stdout=out)
    assert "The same as it was decided then." in out.getvalue()
    run.decisions[0]["wanted_ma"] = 6_000
    run.save()
    with pytest.raises(CommandError, match="Decided otherwise"):
        call_command("replay_run", str(run.pk), stdout=out)


def test_command_refuses_a_run_without_inputs_or_none_at_all() -> None:
    run = _run()
    RebalanceRun.objects.update(inputs=b"")
    with pytest.raises(CommandError, match="not kept"):
        call_command("replay_run", str(run.pk))
    with pytest.raises(CommandError, match="no run"):
        call_command("replay_run", "nonsense")
