"""No chart raises, and each has the size asked for, whatever the data, the room and the terminal."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.charts import STYLES, heights, looks, tables, vectors, widths, wild
from tui_lab.charts.bars import bars, histogram
from tui_lab.charts.confusion import confusion_matrix
from tui_lab.charts.heat import decision_map, heat_map
from tui_lab.charts.images import Caption, image, mosaic
from tui_lab.charts.lines import Event, Series, line_chart
from tui_lab.charts.network import network_graph
from tui_lab.charts.scatter import fit, predicted_against_true, scatter

pytestmark = pytest.mark.filterwarnings("error")
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(canvas, height, width, style):
    assert canvas.chars.shape == (max(height, 0), max(width, 0))
    check_content(canvas, style)


def check_content(canvas, style):
    for row in range(canvas.height):
        runs = canvas.runs(row)
        assert sum(len(text) for text, *_ in runs) == canvas.width
    if style.glyphs.name == "ascii":
        assert canvas.to_text().isascii()


@few
@given(
    st.lists(st.tuples(vectors(), vectors()), max_size=3),
    heights,
    widths,
    looks,
    st.booleans(),
    st.one_of(st.none(), st.tuples(wild, wild)),
    st.one_of(st.none(), wild),
)
def test_line_charts(data, height, width, style, log, window, cursor):
    style = STYLES[style]
    series = [Series(f"s{i}", x, y, 0x123456) for i, (x, y) in enumerate(data)]
    events = [Event(0.0, "lr 0.03", 0x777777), Event(1e9, "late", 0x777777)]
    chart = line_chart(
        series, height, width, style, title="LOSS", log=log, window=window, cursor=cursor, events=events
    )
    check(chart.canvas, height, width, style)
    assert chart.y_axis.low < chart.y_axis.high
    assert all(len(label) <= 7 for label in chart.y_axis.labels)
    chart.step_at(3)


@few
@given(tables(), heights, widths, looks, st.booleans(), st.booleans())
def test_heat_maps(values, height, width, style, signed, fine):
    style = STYLES[style]
    check(heat_map(values, height, width, style, signed=signed, fine=fine), height, width, style)


@few
@given(tables(), vectors(), vectors(), heights, widths, looks)
def test_decision_maps(field, x, y, height, width, style):
    style = STYLES[style]
    classes = np.arange(min(len(x), len(y)))
    drawn = decision_map(field, (-1, 1, -1, 1), height, width, style, x=x, y=y, classes=classes)
    check(drawn, height, width, style)


@few
@given(tables(), heights, widths, looks)
def test_images(pixels, height, width, style):
    style = STYLES[style]
    drawn = image(pixels, height, width, style)
    assert drawn.height <= max(height, 0)
    assert drawn.width <= max(width, 0)
    captions = [Caption("3 97%", True), Caption("7", None), Caption("x", False)]
    check(mosaic(np.stack([pixels] * 4), captions, height, width, style), height, width, style)


@few
@given(vectors(), heights, widths, looks)
def test_bars_and_histograms(values, height, width, style):
    style = STYLES[style]
    labels = [f"feature {i}" for i in range(len(values))]
    check(bars(labels, values, height, width, style), height, width, style)
    edges = np.linspace(-1, 1, len(values) + 1)
    check(histogram(values, edges, height, width, style, title="w"), height, width, style)
    check(histogram(values, values, height, width, style), height, width, style)


@few
@given(vectors(), vectors(), heights, widths, looks)
def test_scatters(x, y, height, width, style):
    style = STYLES[style]
    names = ["first", "second", "third"]
    classes = np.arange(min(len(x), len(y))) % 3
    check(scatter(x, y, height, width, style, classes=classes, names=names, title="T"), height, width, style)
    check(fit(x, y, y, x, height, width, style, held_out=classes > 0), height, width, style)
    check(predicted_against_true(x, y, height, width, style, title="P"), height, width, style)


@few
@given(tables(), heights, widths, looks)
def test_confusion_matrices(counts, height, width, style):
    style = STYLES[style]
    counts = np.abs(counts)
    check(confusion_matrix(counts, ["cat", "dog"], height, width, style, title="C"), height, width, style)


@few
@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=4), st.integers(0, 30), st.integers(0, 90), looks, wild
)
def test_networks_are_drawn_or_say_what_they_need(sizes, height, width, style, weight):
    style = STYLES[style]
    weights = [np.full((a, b), weight) for a, b in itertools.pairwise(sizes)]
    maps = [np.full((n, 4, 4), weight) for n in sizes]
    try:
        drawn = network_graph(weights, height, width, style, inputs=["age"], titles=["in", "out"], maps=maps)
    except ValueError as error:
        assert "needs" in str(error)
    else:
        check(drawn, height, width, style)
