import itertools
import time

import numpy as np
import pytest

from helpers.charts import PLAIN, TRUE, lit
from tui_lab.charts.colors import Depth
from tui_lab.charts.glyphs import ASCII
from tui_lab.charts.lines import Event, Series, line_chart
from tui_lab.charts.palette import DARK, ChartStyle


def line(y, x=None, name="train", color=DARK.train):
    y = np.asarray(y, dtype=float)
    return Series(name, np.arange(len(y)) if x is None else np.asarray(x), y, color)


def plot(chart):
    """The characters of the plot alone."""
    a = chart.area
    return chart.canvas.chars[a.top : a.top + a.height, a.left : a.left + a.width]


def picture(chart):
    return ["".join(row).rstrip() for row in plot(chart).tolist()]


def test_a_rising_line_is_one_dot_thin():
    chart = line_chart([line([0, 1])], 2, 4, PLAIN, limits_y=(0, 1), legend=False)
    assert chart.canvas.to_text().split("\n") == ["  ⡠⠚", "⡠⠊"]


def test_the_whole_picture_of_a_small_chart():
    sine = line_chart([line(np.sin(np.arange(40) / 5))], 9, 34, PLAIN, title="SINE", legend=False)
    assert sine.canvas.to_text() == SINE
    loss = line([1.0, 0.5, 0.25, 0.125, 0.0], x=[0, 100, 200, 300, 400])
    chart = line_chart([loss], 8, 30, ChartStyle(glyphs=ASCII, depth=Depth.NONE), title="LOSS", legend=False)
    assert chart.canvas.to_text() == LOSS


SINE = """\
SINE
      1┤  ⢀⠔⠊⠉⠒⡄              ⢀⠔⠉
       │ ⢠⠃    ⠈⢢            ⡰⠁
       │⡰⠁       ⢣          ⡜
      0┤⠁         ⠱⡀       ⡜
       │           ⠑⡄    ⢀⠎
     −1┤            ⠈⠢⣀⣀⠔⠁
       └┬───────────┬────────────
        0          20"""

LOSS = """\
LOSS
    1.0+**
       |  ***
    0.5+    ****
       |        *****
    0.0+             ********
       ++---------+---------+
        0        200      400"""


def test_a_single_spike_among_a_hundred_thousand_points_is_drawn():
    y = np.zeros(100_000)
    y[61_803] = 1.0
    chart = line_chart([line(y)], 12, 40, PLAIN, limits_y=(0, 1), legend=False)
    dots = lit(plot(chart))
    assert dots[0].sum() == 1
    tall = np.flatnonzero(dots.all(axis=0))
    assert len(tall) == 1
    assert abs(tall[0] / (dots.shape[1] - 1) - 0.618) < 0.02


@pytest.mark.parametrize("seed", range(5))
def test_the_extremes_of_every_column_light_their_dots(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 3000))
    y = np.cumsum(random.standard_normal(count))
    chart = line_chart([line(y)], 20, 60, PLAIN, limits_y=(y.min(), y.max()), legend=False)
    dots = lit(plot(chart))
    rows, columns = dots.shape
    column = np.floor(np.arange(count) / (count - 1) * (columns - 1) + 0.5).astype(int)
    row = np.floor((1 - (y - y.min()) / (y.max() - y.min())) * (rows - 1) + 0.5).astype(int)
    inner = np.flatnonzero((y[1:-1] - y[:-2]) * (y[2:] - y[1:-1]) < 0) + 1
    for at in inner:
        same = column == column[at]
        if y[at] in (y[same].min(), y[same].max()):
            near = dots[max(row[at] - 1, 0) : row[at] + 2, column[at]]
            assert near.any()
    for extreme in (y.argmin(), y.argmax()):
        assert dots[row[extreme], column[extreme]]


def test_a_line_has_no_gaps():
    y = np.sin(np.arange(40)) * np.arange(40)
    dots = lit(plot(line_chart([line(y)], 20, 60, PLAIN, legend=False)))
    rows = [np.flatnonzero(column) for column in dots.T]
    for before, after in itertools.pairwise(rows):
        assert before.min() - 1 <= after.max()
        assert after.min() <= before.max() + 1


def test_what_is_not_finite_leaves_a_gap():
    y = [1.0, 1.0, np.nan, 1.0, 1.0]
    dots = lit(plot(line_chart([line(y)], 6, 10, PLAIN, legend=False)))
    lit_columns = dots.any(axis=0)
    assert lit_columns[0]
    assert lit_columns[-1]
    assert not lit_columns[len(lit_columns) // 2]


def test_a_log_axis_leaves_out_what_is_not_positive_and_ticks_decades():
    chart = line_chart([line([1, 0.1, 0, -1, 1e-3, 1e-4])], 20, 60, PLAIN, log=True)
    assert chart.y_axis.low == pytest.approx(1e-4)
    assert chart.y_axis.labels[0] == "1e-4"
    ratios = np.diff(np.log10(chart.y_axis.ticks))
    assert np.allclose(ratios, ratios[0])


def test_buckets_show_their_extremes():
    x = np.arange(0, 100, 10)
    flat = np.zeros(10)
    high = flat.copy()
    high[5] = 1
    bucketed = Series("train", x, flat, DARK.train, low=flat, high=high)
    assert lit(plot(line_chart([bucketed], 8, 30, PLAIN, legend=False, limits_y=(0, 1))))[0].any()


def test_the_axis_holds_still_while_data_stay_within():
    first = line_chart([line([0.0, 0.9])], 12, 60, TRUE)
    second = line_chart([line([0.0, 0.8])], 12, 60, TRUE, previous=first.y_axis)
    assert second.y_axis is first.y_axis
    third = line_chart([line([0.0, 2.8])], 12, 60, TRUE, previous=second.y_axis)
    assert third.y_axis.high >= 2.8
    fourth = line_chart([line([0.0, 0.1])], 12, 60, TRUE, previous=third.y_axis)
    assert fourth.y_axis.high < 0.5


def test_a_window_shows_only_its_steps_and_lets_lines_leave_it():
    y = np.zeros(1000)
    y[900] = 100.0
    chart = line_chart([line(y)], 12, 60, PLAIN, window=(100, 200))
    assert chart.y_axis.high < 1
    between = line_chart([line([0.0, 1.0], x=[0, 1000])], 12, 60, PLAIN, window=(400, 600))
    assert lit(plot(between)).any(axis=0).all()


def test_events_are_labelled_at_the_axis_and_drawn_behind_the_curve():
    events = [Event(50, "lr 0.03", DARK.edit)]
    chart = line_chart([line(np.zeros(100))], 12, 60, TRUE, events=events)
    text = chart.canvas.lines()
    assert "┆lr 0.03" in text[-2]
    assert sum("┆" in row for row in text) >= 8


def test_the_cursor_reads_out_every_series():
    both = [line(np.arange(100)), line(np.arange(100) * 2, name="validation")]
    header = line_chart(both, 12, 70, TRUE, cursor=40).canvas.lines()[0]
    assert "at 40" in header
    assert "train 40.000" in header
    assert "validation 80.000" in header


def test_series_differ_without_color():
    flat = [line(np.zeros(50)), line(np.ones(50), name="validation")]
    dots = lit(plot(line_chart(flat, 12, 60, PLAIN, legend=False)))
    rows = np.flatnonzero(dots.any(axis=1))
    assert dots[rows[-1]].sum() > dots[rows[0]].sum() > 0
    marks = set("".join(line_chart(flat, 12, 60, ChartStyle(glyphs=ASCII, depth=Depth.NONE)).canvas.lines()))
    assert {"*", "+"} <= marks


def test_dashes_do_not_swallow_spikes():
    for at in range(40, 60):
        y = np.zeros(100)
        y[at] = 1
        both = [line(np.zeros(100)), line(y, name="validation")]
        assert lit(plot(line_chart(both, 12, 60, PLAIN, legend=False, limits_y=(0, 1))))[0].any()


def test_a_chart_without_values_is_complete_and_says_so():
    text = line_chart([line([np.nan])], 12, 60, TRUE, title="LOSS").canvas.to_text()
    assert "no values yet" in text
    assert "nan" not in text


def test_steps_in_any_order_give_the_same_picture():
    x, y = np.arange(50), np.sin(np.arange(50))
    order = np.random.default_rng(0).permutation(50)
    straight = line_chart([line(y, x)], 12, 60, TRUE).canvas
    assert not straight.changed_spans(line_chart([line(y[order], x[order])], 12, 60, TRUE).canvas)


def test_the_mouse_finds_its_step():
    chart = line_chart([line(np.arange(1001))], 12, 60, TRUE)
    assert chart.step_at(chart.area.left) < 20
    assert chart.step_at(chart.area.left + chart.area.width) == 1000


@pytest.mark.timing
def test_a_hundred_thousand_points_are_quick():
    random = np.random.default_rng(0)
    series = [line(random.random(100_000)) for _ in range(3)]
    best = min(_seconds(series) for _ in range(5))
    assert best < 0.05


def _seconds(series):
    start = time.perf_counter()
    line_chart(series, 30, 100, TRUE)
    return time.perf_counter() - start
