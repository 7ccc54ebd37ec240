"""How views are drawn, and what keys and mouse choose about them."""

import numpy as np
import pytest

from engine import probes
from engine.probes.answers import Answers
from engine.probes.attention import AttentionProbe, Attentions
from engine.probes.codes import Codes, EmbeddingProbe
from engine.probes.decisions import Classes, ClassesProbe, Fit, FitProbe, Plane, PlaneProbe
from engine.probes.images import ImagesProbe, Maps, Named, Reconstructions
from engine.probes.layers import HistogramsProbe, WeightsProbe
from engine.probes.series import Forecast
from helpers import fake
from helpers.screenshot import settled, text_of
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.colors import Depth
from tui_lab.charts.glyphs import ASCII, BLOCK, BRAILLE
from tui_lab.charts.images import Caption, mosaic
from tui_lab.charts.maps import map_rows, tiles
from tui_lab.charts.palette import DARK, LIGHT, ChartStyle
from tui_lab.charts.signals import signals
from tui_lab.session.writing import Page, TextProbe, Writing
from tui_lab.tui import views
from tui_lab.tui.app import LabApp
from tui_lab.tui.views import Choices
from tui_lab.tui.views.attention import head_at, layout
from tui_lab.tui.views.embedding import names_in_plane
from tui_lab.tui.widgets.preview import columns_of_text, pairs, table
from tui_lab.tui.widgets.view_panel import ViewPanel

STYLES = [
    ChartStyle(DARK, BRAILLE),
    ChartStyle(DARK, BRAILLE, Depth.NONE),
    ChartStyle(LIGHT, BLOCK, Depth.SIXTEEN),
    ChartStyle(DARK, ASCII, Depth.NONE),
]
LOOK = STYLES[0]
RNG = np.random.default_rng(1)
WAVES = np.sin(np.linspace(0, 9, 40))[None] * RNG.random((6, 1))
HEADS = RNG.dirichlet(np.ones(12), (4, 12))
GRID = RNG.random((12, 24)) * 2 - 1
NAMED = Named(RNG.random((9, 8, 8)), list("123456789"), list("123456780"))
MAPS = Maps(RNG.random((8, 8, 3)), [("conv2d1", RNG.random((8, 8, 8)))], False)
PLANE = Plane(
    GRID,
    RNG.random((9, 2)),
    np.arange(9) % 2,
    np.arange(9) > 5,
    [("dense1", RNG.random((16, 6, 12)) * 2 - 1)],
)

SEEN = {
    "plane": PLANE,
    "neurons": PLANE,
    "confusion": Classes(("cat", "dog"), np.eye(2, dtype=int), [], None),
    "fit": Fit(WAVES[0], WAVES[1], None, None, None, "y"),
    "text": Writing((Page(0, "", "xx yy\n", 0.8), Page(90, "To be", " or not\nto be", 0.8)), False),
    "answers": Answers([("1+2=", "3", "3"), ("4+4=", "9", "8")], ("5+5=", "10")),
    "attention": Attentions(list("hello world!"), [("a", HEADS), ("b", HEADS)]),
    "images": NAMED,
    "signals": Named(WAVES, list("012345"), list("012344")),
    "mistakes": Classes(("cat", "dog"), np.eye(2), [(0, 1, 0.9)], None),
    "features": MAPS,
    "patch_attention": MAPS,
    "filters": Maps(None, [("conv2d1", RNG.random((8, 3, 3)) * 2 - 1)], True),
    "reconstructions": Reconstructions(RNG.random((4, 7, 7)), RNG.random((4, 7, 7))),
    "codes": Codes("dense4: 2 numbers", RNG.random((50, 2)), [], np.arange(50) % 3, ("a", "b", "c"), 1.0),
    "embedding": Codes("embedding1", RNG.random((26, 2)), list("abcdefghijklmnopqrstuvwxyz"), None, (), 0.5),
    "forecast": Forecast("spots", WAVES[0], WAVES[1], {"last": WAVES[2]}),
}


KINDS = {kind.tag(): kind for kind in views.kinds()}


def draw(name: str, seen, height: int, width: int, style=LOOK, choices: Choices = Choices()) -> Canvas:  # noqa: B008
    return KINDS[name](KINDS[name].kind(), name).paint(seen, height, width, style, choices)


def text(name: str, height: int, width: int, choices: Choices = Choices()) -> str:  # noqa: B008
    return draw(name, SEEN[name], height, width, LOOK, choices).to_text()


@pytest.mark.parametrize("style", STYLES, ids=lambda style: f"{style.glyphs.name} {style.depth.name}")
@pytest.mark.parametrize("name", KINDS)
def test_every_view_can_be_drawn_at_any_size_on_any_terminal(name, style):
    for height, width in [(1, 1), (2, 9), (5, 20), (17, 38), (23, 80), (39, 120), (60, 200)]:
        canvas = draw(name, SEEN[name], height, width, style)
        assert canvas.chars.shape == (height, width)
        if height > 20:
            assert canvas.to_text().strip() or (canvas.bg != -1).any()


def test_every_view_is_explained_and_every_probe_is_shown_by_one():
    for kind in KINDS.values():
        assert kind.about.endswith("."), kind
        assert kind.title.isupper()
    tabs = {HistogramsProbe, WeightsProbe}  # whose panels are no views
    assert {kind.kind for kind in KINDS.values()} == {
        p for p in probes.kinds() if not p.__module__.startswith("tests")
    } - tabs
    ranks = [kind.rank for kind in KINDS.values()]
    assert ranks == sorted(set(ranks)), "what is shown first must not depend on the order of files"


def test_views_of_a_run_have_names_of_their_own_and_stand_in_their_order():
    found = views.views_of([EmbeddingProbe("users"), EmbeddingProbe("items"), FitProbe()])
    assert [view.name for view in found] == ["fit", "embedding", "embedding 2"]
    asked = [view.request(Choices(index=3, prompt="x"), 20, 30) for view in found]
    assert asked == [FitProbe(3), EmbeddingProbe("users"), EmbeddingProbe("items")]
    (plane,) = views.views_of([PlaneProbe()])
    assert plane.request(Choices(), 20, 30) == PlaneProbe(20, 30)


# -- text -----------------------------------------------------------------------------------------------------


def test_pages_stand_below_each_other_beside_their_steps():
    lines = text("text", 12, 60).split("\n")
    assert lines[0].split() == ["0", "xx", "yy"]
    assert [line.split() for line in lines if "90" in line] == [["90", "To", "be", "or", "not"]]
    assert lines.index(next(line for line in lines if "90" in line)) > 0


def test_a_page_that_grows_does_not_move_what_stands_above_it():
    old = [Page(step, "", "abc def " * 40, 0.8) for step in (0, 10, 100)]
    short, long = (
        draw("text", Writing((*old, Page(200, "", "x " * n, 0.8)), False), 20, 60, LOOK) for n in (3, 80)
    )
    assert short is not None
    assert long is not None
    top = next(y for y, line in enumerate(short.lines()) if line.strip().startswith("200"))
    assert 0 < top <= 12
    assert short.lines()[:top] == long.lines()[:top]
    assert long.lines()[top].strip().startswith("200")


def test_a_long_page_shows_its_end():
    page = Page(5, "", " ".join(map(str, range(400))), 0.8)
    canvas = draw("text", Writing((page,), False), 6, 50, LOOK)
    assert canvas is not None
    assert "399" in canvas.to_text()


def test_an_unknown_character_is_told_calmly_below_what_was_written():
    pages = (
        Page(0, "", "abc", 0.8),
        Page(9, "é", "", 0.8, "the prompt has characters that the model never saw: 'é'"),
    )
    canvas = draw("text", Writing(pages, False), 10, 70, LOOK)
    assert canvas is not None
    assert "abc" in canvas.to_text()
    assert "never saw: 'é' (i: another prompt)" in " ".join(canvas.to_text().split())


def test_answers_are_signed_and_the_right_one_stands_beside_a_wrong_one():
    shown = text("answers", 10, 60)
    assert "1 of 2 right" in shown
    assert "1+2= 3 ✓" in shown
    assert "4+4= 9 ✗ 8" in shown
    assert "5+5=10" in shown


# -- attention --------------------------------------------------------------------------------------------------


def test_attention_names_the_tokens_along_both_axes_and_the_head():
    shown = text("attention", 36, 100, Choices(layer=1, head=2)).split("\n")
    assert shown[0].startswith("layer 2 head 3")
    assert "".join(shown[1][:60].split())[:12] == "hello·world!"
    assert [line[0] for line in shown[2:] if line[:1].strip()][:5] == list("hello")


def test_a_click_on_a_small_map_finds_its_head():
    found = SEEN["attention"]
    place = layout(found, 36, 100)
    placed = tiles([("layer 1", HEADS), ("layer 2", HEADS)], place.height, place.width)
    assert len(placed) == 8
    for tile in placed:
        assert head_at(found, 36, 100, place.top + tile.top, place.left + tile.left) == (tile.row, tile.index)
    assert head_at(found, 36, 100, 5, 5) is None


def test_what_a_causal_head_cannot_see_is_left_empty():
    seen = Attentions(list("abcd"), [("a", np.tril(np.full((1, 4, 4), 0.5)))])
    canvas = draw("attention", seen, 6, 12, LOOK)
    assert canvas is not None
    assert (canvas.bg[2, 4:] == -1).all()
    assert (canvas.bg[5, 2:10] != -1).all()


# -- images, signals, maps ---------------------------------------------------------------------------------------


def test_images_in_color_keep_their_colors():
    red = np.zeros((1, 4, 4, 3))
    red[..., 0] = 1
    canvas = mosaic(red, [Caption("red")], 4, 10, LOOK, low=0, high=1)
    assert 0xFF0000 in canvas.bg
    grey = mosaic(red, [], 4, 10, STYLES[-1], low=0, high=1)
    assert grey.to_text().strip()


def test_signals_are_curves_over_their_captions():
    canvas = signals(WAVES, [Caption(str(i), i != 2) for i in range(6)], 12, 60, LOOK)
    lines = canvas.to_text().split("\n")
    assert any("✓ 0" in line and "✗ 2" in line for line in lines)
    assert (canvas.chars[:3] != " ").sum() > 40


def test_a_constant_or_empty_signal_can_be_drawn():
    for values in (np.zeros((2, 9)), np.full((1, 9), np.nan), np.zeros((0, 9))):
        assert signals(values, [], 8, 40, LOOK).height == 8


def test_small_maps_keep_whole_dots_a_value_and_tell_what_has_no_room():
    rows = [("conv", np.zeros((40, 10, 10)))]
    assert {(t.height, t.width) for t in tiles(rows, 24, 70)} == {(5, 10)}, "24 of them as they are"
    assert "24 of 40" in map_rows(rows, 24, 70, LOOK).to_text()


def test_a_half_cell_over_nothing_is_drawn_from_below():
    maps = np.array([[[np.nan], [1.0]]])
    canvas = map_rows([("m", maps)], 2, 4, LOOK)
    assert canvas.chars[1, 0] == "▄"
    assert canvas.bg[1, 0] == -1


def test_mistakes_of_a_table_are_listed():
    shown = text("mistakes", 6, 50)
    assert "dog" in shown.split("\n")[1]
    assert "90%" in shown


def test_names_never_stand_on_each_other():
    names = [chr(97 + i) * 3 for i in range(12)]
    shown = names_in_plane(np.zeros((12, 2)), names, 20, 60, LOOK).to_text()
    assert sum(name in shown for name in names) >= 5
    for word in shown.split():
        assert word in names


def test_a_forecast_tells_truth_and_rules_apart():
    shown = text("forecast", 14, 80)
    for word in ("spots", "truth", "forecast", "last"):
        assert word in shown


# -- previews -----------------------------------------------------------------------------------------------------


def test_previews_fill_columns():
    lines = columns_of_text(["anna", "bo", "christopher"], 2, 40, LOOK).to_text().split("\n")
    assert lines[0].split() == ["anna", "christopher"]
    assert pairs([("1+1=", "2"), ("10+1=", "11")], 1, 40, LOOK).to_text().split() == [
        "1+1=",
        "2",
        "10+1=",
        "11",
    ]


def test_a_table_shows_whole_numbers_as_such_and_always_the_target():
    names = [f"column{i}" for i in range(9)] + ["target"]
    rows = [[*map(float, range(8)), 0.5, "yes"]] * 3
    shown = table(names, rows, 4, 50, LOOK).to_text().split("\n")
    assert shown[0].split()[0] == "column0"
    assert shown[0].split()[-2:] == ["…", "target"]
    assert shown[1].split()[:2] == ["0", "1"]
    assert shown[1].split()[-1] == "yes"


# -- keys ---------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_welcome(monkeypatch):
    monkeypatch.setattr("tui_lab.tui.welcome.first_time", lambda: False)


async def test_arrows_and_n_choose_heads_and_o_the_next_view():
    session = fake.gpt()
    app = LabApp(lambda: session, glyphs="braille")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "4", "o")
        panel = app.screen.query_one("#output-first", ViewPanel)
        assert "layer 1 head 1" in text_of(app)
        await settled(pilot, "right", "down")
        assert panel.choices == Choices(layer=1, head=1)
        assert "layer 2 head 2" in text_of(app)
        await settled(pilot, "n", "n", "n")
        assert "layer 1 head 1" in text_of(app), "after the last head comes the first"
        await settled(pilot, "o")
        assert "o next 1/2" in text_of(app)
        assert text_of(app).count("ATTENTION") == 1, "two views in two panels change places"


async def test_the_next_view_is_not_the_one_beside_it():
    session = fake.digits()
    session.show(probes=(ClassesProbe(), ImagesProbe()))
    app = LabApp(lambda: session, glyphs="braille")
    async with app.run_test(size=(120, 40)) as pilot:
        left = app.screen.query_one("#output-first", ViewPanel)
        right = app.screen.query_one("#output-second", ViewPanel)
        await settled(pilot, "4")
        pages = [(left.page, right.page)]
        for _ in range(2):
            await settled(pilot, "o")
            pages.append((left.page, right.page))
        await settled(pilot, "tab", "o")
        assert pages == [(0, 1), (2, 1), (0, 1)]
        assert (left.page, right.page) == (0, 2)


async def test_a_click_chooses_a_head():
    session = fake.gpt()
    app = LabApp(lambda: session, glyphs="braille")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "4", "o")
        panel = app.screen.query_one("#output-first", ViewPanel)
        seen = session.latest.views["attention"]
        size = panel.size
        spots = {
            head_at(seen, size.height - 1, size.width, y, x): (x, y + 1)
            for y in range(size.height - 1)
            for x in range(size.width)
        }
        await pilot.click(panel, offset=spots[(1, 2)])
        await settled(pilot)
        assert panel.choices == Choices(layer=1, head=2)


async def test_prompt_temperature_and_example_are_asked_of_the_session():
    session = fake.gpt()
    app = LabApp(lambda: session, glyphs="braille")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "4", "i", *"mo", "enter")
        await settled(pilot, "right_parenthesis", "n")
        assert session.looks[-1].views["text"] == TextProbe("mo", 1.0, 1)
        assert session.looks[-1].views["attention"] == AttentionProbe("mo")


async def test_help_tells_what_each_view_shows():
    app = LabApp(fake.gpt, glyphs="braille")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "4", "question_mark")
        shown = text_of(app)
        for words in ("What it writes:", "Attention:", "lower temperature"):
            assert words in shown
