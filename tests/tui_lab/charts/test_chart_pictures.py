"""What the other charts show, by their characters and colors."""

import numpy as np
import pytest

from helpers.charts import PLAIN, TRUE
from tui_lab.charts.bars import bars, histogram
from tui_lab.charts.canvas import BOLD
from tui_lab.charts.colors import Depth
from tui_lab.charts.confusion import confusion_matrix, worst_mistakes
from tui_lab.charts.glyphs import ASCII
from tui_lab.charts.heat import decision_map, heat_map, resample
from tui_lab.charts.images import Caption, image, mosaic
from tui_lab.charts.network import network_graph
from tui_lab.charts.palette import DARK, ChartStyle
from tui_lab.charts.scatter import predicted_against_true, scatter


def test_a_heat_map_puts_two_pixels_in_a_cell():
    canvas = heat_map(np.array([[0.0, 1.0], [1.0, 1.0]]), 1, 2, TRUE)
    assert canvas.lines() == ["▀ "]
    assert canvas.fg[0, 0] == DARK.sequential[0]
    assert canvas.bg[0].tolist() == [DARK.sequential[-1]] * 2


def test_a_signed_map_is_neutral_at_zero_and_uses_few_colors():
    values = np.linspace(-1, 3, 101)[None, :]
    canvas = heat_map(values, 1, 101, TRUE, signed=True, fine=False)
    assert canvas.bg[0, 25] == DARK.diverging[15]
    assert len(np.unique(canvas.bg)) <= 31


def test_a_map_without_color_is_denser_where_higher():
    assert heat_map(np.arange(5.0)[None, :], 1, 5, PLAIN).lines() == [" ░▒▓█"]
    assert heat_map(np.full((3, 3), 7.0), 1, 3, PLAIN).lines() == ["▒▒▒"]
    ascii_map = heat_map(np.arange(10.0)[None, :], 1, 10, ChartStyle(glyphs=ASCII, depth=Depth.NONE))
    assert ascii_map.lines() == [" .:-=+*#%@"]


def test_resampling_takes_means_and_leaves_out_what_is_not_finite():
    values = np.array([[1.0, 3.0, np.nan, 5.0]])
    assert resample(values, 1, 2).tolist() == [[2.0, 5.0]]
    assert resample(values, 2, 4).shape == (2, 4)
    assert resample(np.arange(7.0)[None, :], 1, 3).ravel().tolist() == [0.5, 2.5, 5.0]


def test_points_keep_their_class_on_a_decision_map():
    field = np.array([[-1.0, 1.0], [-1.0, 1.0]])
    x, y = np.array([-0.5, 0.5, 0.5]), np.array([0.5, 0.5, -0.5])
    canvas = decision_map(
        field, (-1, 1, -1, 1), 2, 2, TRUE, x=x, y=y, classes=np.array([0, 1, 1]), held_out=np.array([0, 0, 1])
    )
    assert canvas.lines() == ["•◦", " ▫"]
    assert canvas.bg[0, 0] == DARK.diverging[0]


def test_the_lowest_y_is_at_the_bottom():
    field = np.array([[-1.0], [1.0]])
    canvas = decision_map(field, (0, 1, 0, 1), 2, 1, TRUE)
    assert canvas.bg[:, 0].tolist() == [DARK.diverging[-1], DARK.diverging[0]]


def test_images_keep_square_pixels_and_tell_right_from_wrong():
    digit = np.zeros((8, 8))
    assert image(digit, 10, 40, TRUE).chars.shape == (8, 16)
    assert image(np.zeros((28, 28)), 10, 40, TRUE).chars.shape == (10, 20)
    drawn = mosaic(np.stack([digit] * 2), [Caption("3", True), Caption("5", False)], 5, 20, TRUE)
    assert drawn.lines()[4].split() == ["✓", "3", "✗", "5"]
    assert DARK.fault in drawn.fg[4]


def test_bars_align_their_numbers():
    style = ChartStyle(glyphs=ASCII, depth=Depth.NONE)
    canvas = bars(["a", "long"], [1.0, 0.5], 2, 20, style, form="{:.1f}".format)
    assert canvas.lines() == ["a    =========== 1.0", "long ======      0.5"]
    split = bars(["up", "down"], [1.0, -1.0], 2, 20, style, form="{:.1f}".format)
    assert split.lines() == ["up       |====   1.0", "down ====|      -1.0"]


def test_bars_without_room_say_how_many_are_missing():
    assert "3 more" in bars(list("abcde"), [1, 2, 3, 4, 5], 3, 30, TRUE).to_text()


def test_a_histogram_shows_even_a_single_count():
    counts = np.array([0, 1, 1000, 0])
    canvas = histogram(counts, np.arange(5), 3, 4, TRUE)
    assert canvas.lines() == ["  █ ", "  █ ", " ▁█ "]


def test_scatters_change_to_dots_where_points_crowd():
    random = np.random.default_rng(0)
    assert "•" in scatter(random.random(20), random.random(20), 12, 40, TRUE).to_text()
    crowd = scatter(random.random(2000), random.random(2000), 12, 40, TRUE).to_text()
    assert "•" not in crowd
    assert "⣿" in crowd


def test_perfect_predictions_lie_on_the_diagonal():
    true = np.linspace(0, 1, 50)
    text = predicted_against_true(true, true, 12, 40, TRUE)
    assert DARK.train in text.fg
    assert DARK.faint in text.fg


COUNTS = np.array([[50, 0, 0], [0, 47, 3], [1, 5, 44]])


def test_a_confusion_matrix_marks_its_worst_mistakes():
    assert worst_mistakes(COUNTS, 2) == [(2, 1), (1, 2)]
    names = ["setosa", "versicolor", "virginica"]
    text = confusion_matrix(COUNTS, names, 5, 60, PLAIN, title="").to_text()
    assert "5!" in text
    assert "88%" in text
    canvas = confusion_matrix(COUNTS, names, 5, 60, TRUE)
    assert canvas.attributes[canvas.chars == "7"].tolist() == [BOLD]


def test_too_many_classes_become_a_heat_map():
    canvas = confusion_matrix(np.eye(100), [str(i) for i in range(100)], 12, 24, TRUE)
    assert "▀" in canvas.to_text()
    assert "0" not in canvas.to_text()


def test_a_network_shows_sign_and_strength():
    weights = [np.array([[1.0, -1.0]])]
    canvas = network_graph(weights, 8, 30, TRUE, inputs=["x1"], outputs=["a", "b"], titles=["in", "out"])
    assert canvas.to_text().count("●") == 3
    lines = canvas.fg[:, 6:20]
    assert DARK.positive in lines
    assert DARK.negative in lines


def test_a_network_without_room_says_what_it_needs():
    with pytest.raises(ValueError, match="needs 12 × 50 cells"):
        network_graph([np.ones((50, 2))], 20, 80, TRUE)
    with pytest.raises(ValueError, match="follow"):
        network_graph([np.ones((2, 3)), np.ones((4, 1))], 20, 80, TRUE)


def test_neurons_hold_maps_where_there_is_room():
    weights = [np.ones((2, 3))]
    maps = [np.ones((2, 4, 4)), None]
    canvas = network_graph(weights, 20, 60, TRUE, maps=maps)
    assert (canvas.bg >= 0).any()
    assert canvas.to_text().count("●") == 3


def test_names_of_classes_take_the_room_that_there_is():
    names = ["setosa", "versicolor", "virginica"]
    lines = confusion_matrix(np.diag([7, 8, 7]), names, 10, 39, TRUE).lines()
    assert "setosa" in lines[0]
    assert "versi…" in lines[0]
    assert lines[0].rstrip().endswith("recall")
    assert all("100%" in line for line in lines[1:4])
