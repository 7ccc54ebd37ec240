import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_lab.session.history import CAPACITY, History


def filled(values, chunk=5000):
    history = History()
    steps = np.arange(len(values))
    for start in range(0, len(values), chunk):
        history.extend(steps[start : start + chunk], values[start : start + chunk])
    return history


def test_recent_values_are_exact():
    values = np.random.default_rng(0).random(10_000)
    recent = filled(values).window(first=10_000 - 1000)
    assert (recent.mean[-1000:] == values[-1000:]).all()
    assert (recent.x[-1000:] == np.arange(9000, 10_000)).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60_000), st.integers(1, 20_000), st.randoms(use_true_random=False))
def test_no_extreme_is_ever_lost(count, chunk, random):
    values = np.random.default_rng(random.randrange(1000)).standard_normal(count)
    history = filled(values, chunk)
    everything = history.window()
    assert len(history) == count
    assert everything.low.min() == values.min()
    assert everything.high.max() == values.max()
    first = random.randrange(count)
    last = random.randrange(first, count)
    window = history.window(first, last)
    assert window.low.min() <= values[first : last + 1].min()
    assert window.high.max() >= values[first : last + 1].max()
    assert (np.diff(everything.x) > 0).all()


def test_buckets_are_as_fine_as_promised():
    count = 300_000
    history = filled(np.zeros(count))
    for age in (2000, 10_000, 100_000, 299_000):
        buckets = history.window(first=count - age)
        assert np.diff(buckets.x).max() <= max(1, age / 511) + 1


def test_chunks_and_single_values_give_the_same():
    values = np.random.default_rng(1).random(9000)
    one, many = History(), filled(values, 777)
    for step, value in enumerate(values):
        one.add(step, value)
    for a, b in zip(vars(one.window()).values(), vars(many.window()).values(), strict=True):
        assert np.allclose(a, b)


def test_memory_is_bounded():
    history = History()
    for start in range(0, 3_000_000, 500_000):
        history.extend(np.arange(start, start + 500_000), np.zeros(500_000))
    assert len(history._levels) <= 8
    assert len(history.window()) <= CAPACITY + 40


def test_what_is_not_finite_is_left_out_of_buckets():
    values = np.ones(20_000)
    values[5] = np.nan
    values[100:200] = np.inf
    everything = filled(values).window()
    assert np.nanmax(everything.high) == 1
    assert np.nanmean(everything.mean) == pytest.approx(1)


def test_an_empty_history_gives_empty_windows():
    assert len(History().window(0, 10)) == 0
