import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_lab.charts.axes import growing_window, step_axis, value_axis
from tui_lab.charts.ticks import decade_limits, linear_limits, linear_ticks, nice_step
from tui_lab.numbers import count, number, si, tick_labels

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0412, "0.0412"),
        (12.35, "12.350"),
        (-0.5, "-0.500"),
        (2.1e-5, "2.1e-5"),
        (3.14e6, "3.1e+6"),
        (0, "0.0000"),
        (math.nan, "     -"),
        (None, "     -"),
        (9.99999, "10.000"),
        (-1234.5, " -1234"),
    ],
)
def test_numbers_keep_their_width(value, text):
    assert number(value) == text


@given(finite)
def test_every_number_has_six_or_seven_cells(value):
    assert len(number(value)) == 6 or abs(value) < 1e-99 or abs(value) > 1e99
    assert len(number(value, 8)) == 8


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (840, "840"),
        (1500, "1.5k"),
        (15000, "15k"),
        (312e3, "312k"),
        (1.2e6, "1.2M"),
        (999_999, "1M"),
        (0, "0"),
    ],
)
def test_steps_have_units(value, text):
    assert si(value) == text
    assert count(48210) == "48,210"


def test_tick_labels_share_decimals_and_unit():
    assert tick_labels((0.0, 0.2, 0.4)) == ("0.0", "0.2", "0.4")
    assert tick_labels((0, 50_000, 100_000)) == ("0", "50k", "100k")
    assert tick_labels((0, 2e-5, 4e-5)) == ("0", "2e-5", "4e-5")
    assert tick_labels((-1.0, 0.0, 1.0)) == ("-1", "0", "1")


@given(finite, finite, st.integers(1, 60), st.booleans())
def test_axes_hold_their_data_with_few_labelled_ticks(a, b, room, log):
    low, high = min(a, b), max(a, b)
    axis = value_axis(low, high, room, log=log)
    assert axis.low < axis.high
    assert len(axis.ticks) == len(axis.labels) <= room + 3
    assert all(len(label) <= 6 for label in axis.labels)
    if not log and abs(a) < 1e299 and abs(b) < 1e299:
        hair = 1e-8 * (axis.high - axis.low)
        assert axis.low <= low + hair
        assert axis.high >= high - hair
    shares = axis.share(np.array(axis.ticks))
    assert ((shares > -1e-6) & (shares < 1 + 1e-6)).all()


def test_ticks_are_round():
    assert nice_step(1.4, 6) == pytest.approx(0.5)
    assert linear_ticks(0.0, 1.0, 5) == pytest.approx((0, 0.2, 0.4, 0.6, 0.8, 1.0))
    assert linear_limits(0.04, 0.71) == pytest.approx((0, 0.8))
    assert linear_limits(0.5, 0.5)[0] < 0.5 < linear_limits(0.5, 0.5)[1]
    assert decade_limits(0.003, 0.7) == pytest.approx((0.002, 1.0))


def test_steps_are_whole():
    assert step_axis(0, 3, 60).labels == ("0", "1", "2", "3")
    assert step_axis(100_000, 100_010, 60).labels[0] == "100,000"


def test_a_growing_window_widens_rarely():
    window, changes = None, 0
    for last in np.linspace(10, 100_000, 5000):
        wider = growing_window(0, last, window)
        changes += wider != window
        assert wider[0] == 0
        assert last <= wider[1] <= last * 1.25 + 1
        window = wider
    assert changes < 120
