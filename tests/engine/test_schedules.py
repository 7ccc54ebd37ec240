"""Schedules: against PyTorch where it has them, against their formulas where not."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.component import members
from engine.schedules import (
    ConstantRate,
    Cosine,
    Exponential,
    OneCycle,
    Plateau,
    Schedule,
    StepDecay,
    WarmupStableDecay,
)
from helpers.golden import golden_case

STEPS = np.arange(200)
ALL = [cls() for cls in members(Schedule).values()]


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("step", StepDecay(every=30, gamma=0.5)),
        ("exponential", Exponential(every=30, gamma=0.5)),
        ("cosine", Cosine(floor=0.1)),
        ("cosine_restarts", Cosine(floor=0.1, cycles=4)),
        ("one_cycle", OneCycle()),
        ("one_cycle_low", OneCycle(rise=0.45, start=0.1, floor=0.0)),
        ("linear", WarmupStableDecay(decay=1.0, floor=0.1)),
    ],
)
def test_factors_are_those_of_pytorch(name, schedule):
    np.testing.assert_allclose(schedule.factors(STEPS, 200), golden_case("schedules")[name], rtol=1e-9)


@pytest.mark.parametrize("total", [3, 5, 7, 20, 33])
def test_one_cycle_is_that_of_pytorch_in_short_runs_too(total):
    expected = golden_case("schedules")[f"one_cycle_{total}"]
    factors = OneCycle(rise=0.5, start=0.1, floor=0.001).factors(np.arange(total), total)
    np.testing.assert_allclose(factors, expected, rtol=1e-6, atol=1e-12)


def test_warm_up_is_linear_and_reaches_the_full_rate():
    factors = ConstantRate(warmup=20).factors(STEPS, 200)
    np.testing.assert_allclose(factors, golden_case("schedules")["warmup"])
    np.testing.assert_allclose(factors[:20], np.arange(1, 21) / 20)


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: s.tag())
def test_every_schedule_warms_up_first_and_then_takes_its_own_course(schedule):
    warm = replace(schedule, warmup=50).factors(STEPS, 200)
    np.testing.assert_allclose(warm[:50], np.arange(1, 51) / 50)
    np.testing.assert_allclose(warm[50:], schedule.factors(np.arange(150), 150))


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: s.tag())
def test_a_factor_depends_on_its_step_alone(schedule):
    whole = schedule.factors(STEPS, 200)
    parts = [schedule.factors(STEPS[i : i + 7], 200) for i in range(0, 200, 7)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert (whole >= 0).all()
    assert (whole <= 1).all()


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: s.tag())
def test_beyond_the_last_step_and_in_a_run_of_one_step_factors_are_sound(schedule):
    for steps, total in ((np.arange(200, 260), 200), (np.arange(1), 1)):
        factors = schedule.factors(steps, total)
        assert np.isfinite(factors).all()
        assert (factors >= 0).all()
        assert (factors <= 1).all()


def test_cosine_ends_at_its_floor_and_restarts_at_full_rate():
    factors = Cosine(floor=0.2, cycles=2).factors(np.arange(201), 200)
    assert factors[0] == factors[100] == 1
    assert factors[99] == pytest.approx(0.2, abs=1e-3)
    assert factors[200] == pytest.approx(0.2)


def test_one_cycle_peaks_where_its_rise_ends_and_reaches_its_floor_at_the_last_step():
    factors = OneCycle(rise=0.25, start=0.1, floor=0.01).factors(np.arange(200), 200)
    assert factors[0] == pytest.approx(0.1)
    assert factors.argmax() == 49
    assert factors[49] == 1
    assert factors[199] == pytest.approx(0.01)


def test_warmup_stable_decay_is_flat_and_then_falls_in_a_line():
    factors = WarmupStableDecay(decay=0.5, floor=0.1).factors(np.arange(201), 200)
    assert (factors[:101] == 1).all()
    np.testing.assert_allclose(factors[101:], 1 - 0.9 * np.arange(1, 101) / 100)


def test_plateau_drops_after_each_run_of_patience_and_stops_at_its_floor():
    schedule = Plateau(gamma=0.1, patience=3, floor=0.05)
    factors, factor = [], 1.0
    for evaluations in (0, 1, 2, 3, 4, 5, 6, 0, 1):
        factor = schedule.dropped(factor, evaluations)
        factors.append(factor)
    assert factors == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05])
