"""Views of real, tiny trainings: which there are, what their probes hold, and that looking changes nothing."""

import numpy as np
import pytest

from engine.component import tree_of
from engine.data import prepare
from engine.experiment import experiment_from, override_value
from engine.probes import Probe, Subject
from engine.probes.answers import AnswersProbe
from engine.probes.attention import AttentionProbe
from engine.probes.codes import EmbeddingProbe, principal
from engine.probes.decisions import ClassesProbe, FitProbe
from engine.probes.images import FeaturesProbe, FiltersProbe, ImagesProbe
from engine.probes.series import ForecastProbe
from engine.probes.signals import SignalsProbe
from engine.trainer import Trainer
from tui_lab.session.views import Views
from tui_lab.session.writing import TextProbe, least_telling

GPT = [
    {"layer": "embedding", "units": 8},
    {"layer": "position"},
    {"layer": "transformer", "blocks": 2, "heads": 2},
    {"layer": "unembed"},
]
NAMES = {"source": "names", "context": 8}


def trained(
    data: dict, model: list[dict], loss: str = "cross_entropy", steps: int = 4, **training
) -> Trainer:
    tree = {
        "data": data, "model": model, "loss": {"name": loss}, "optimizer": {"name": "adam"},
        "training": {"batch_size": 8, "steps": steps, "evaluate_every": 100, **training},
    }  # fmt: skip
    experiment = experiment_from(tree)
    dataset = prepare(experiment.data, 1, experiment.training.precision)
    trainer = Trainer(experiment, dataset, threads=1)
    trainer.start()
    while not trainer.finished:
        trainer.advance(1.0)
    return trainer


def take(views: Views, probe: Probe):
    """What a probe gives now, and not what it gave a moment ago."""
    views.results({})
    return views.results({"shown": probe})["shown"]


def tags(views: Views) -> list[str]:
    """What suits, but for the weights and histograms, which suit all."""
    return sorted({probe.tag() for probe in views.probes} - {"weights", "histograms"})


@pytest.fixture(scope="module")
def names() -> Trainer:
    return trained(NAMES, GPT)


@pytest.fixture(scope="module")
def digits() -> Trainer:
    model = [
        {"layer": "conv2d", "filters": 3, "activation": "relu"},
        {"layer": "max_pool"},
        {"layer": "flatten"},
        {"layer": "dense"},
    ]
    return trained({"source": "digits"}, model)


# -- text ---------------------------------------------------------------------------------------------------


def test_a_text_grows_by_itself_and_stands_still_at_its_end(names):
    views = Views(names)
    assert tags(views) == ["attention", "embedding", "text"]
    lengths = []
    for _ in range(40):
        (page,) = take(views, TextProbe()).pages
        lengths.append(len(page.text))
    assert lengths[0] == 6
    assert lengths == sorted(lengths)
    assert lengths[-1] == lengths[-2] == 90
    assert page.step == names.step


def test_the_beginning_of_a_text_is_what_is_shown_of_the_whole(names):
    views = Views(names)
    first = take(views, TextProbe()).pages[-1].text
    second = take(views, TextProbe()).pages[-1].text
    assert second.startswith(first)
    assert len(second) > len(first)


def test_another_prompt_begins_another_page_and_goes_on_from_it(names):
    views = Views(names)
    take(views, TextProbe())
    writing = take(views, TextProbe(prompt="ma"))
    assert [page.prompt for page in writing.pages] == ["", "ma"]
    assert writing.by_line


def test_a_prompt_with_unknown_characters_is_told_and_forgotten(names):
    views = Views(names)
    take(views, TextProbe())
    page = take(views, TextProbe(prompt="é!")).pages[-1]
    assert "never saw: '!' 'é'" in page.problem
    assert not page.text
    assert all(not page.problem for page in take(views, TextProbe(prompt="a")).pages)


def test_pages_from_before_lie_the_farther_apart_the_older_they_are():
    steps: list[int] = []
    for step in range(0, 10_000, 100):
        steps.append(step)
        if len(steps) > 7:
            del steps[least_telling(steps)]
    assert steps[0] == 0
    assert steps[-1] == 9900
    gaps = np.diff(steps)
    assert gaps[1:].tolist() == sorted(gaps[1:].tolist(), reverse=True)


def test_answers_are_what_greedy_generation_says():
    model = [*GPT[:2], {"layer": "transformer", "blocks": 1, "heads": 2}, GPT[3]]
    trainer = trained({"source": "addition", "digits": 1}, model, steps=40)
    views = Views(trainer)
    assert tags(views) == ["answers", "attention", "embedding"]
    answers = take(views, AnswersProbe())
    assert answers.asked is None
    for prompt, said, right in answers.rows[:5]:
        assert sum(map(int, prompt.strip("=").split("+"))) == int(right[::-1])
        asked = take(views, AnswersProbe(prompt=prompt)).asked
        assert asked[1][: len(said)] == said
    assert "never saw" in take(views, AnswersProbe(prompt="two")).problem


# -- attention ----------------------------------------------------------------------------------------------


def test_attention_is_over_the_text_that_was_asked_for(names):
    found = take(Views(names), AttentionProbe(prompt="maria"))
    assert found.tokens == list("maria")
    assert [maps.shape for _, maps in found.layers] == [(2, 5, 5)] * 2
    for _, maps in found.layers:
        np.testing.assert_allclose(maps.sum(axis=2), 1, atol=1e-5)
        assert not np.triu(maps, 1).any()


def test_attention_over_unknown_characters_is_over_a_row_and_says_why(names):
    found = take(Views(names), AttentionProbe(prompt="\N{SNOWMAN}"))
    assert "never saw" in found.problem
    assert found.tokens[0] == "\n"
    assert found.tokens[1] != "\n"


# -- images and signals -------------------------------------------------------------------------------------


def test_images_are_told_with_what_the_network_says(digits):
    views = Views(digits)
    assert tags(views) == ["classes", "features", "filters", "images"]
    named = take(views, ImagesProbe(index=3))
    part = digits.dataset.val
    assert named.rows.shape[1:] == (8, 8)
    assert named.true[:5] == [digits.dataset.classes[int(n)] for n in part.y[3:8, 0]]
    z = digits.evaluator.outputs(part.x[3:8])
    assert named.said[:5] == [digits.dataset.classes[n] for n in z.argmax(axis=1)]


def test_filters_and_maps_are_those_of_the_network(digits):
    views = Views(digits)
    filters = take(views, FiltersProbe())
    weight = digits.memory["conv2d1.weight"]
    assert filters.layers[0][1].shape == (3, 3, 3)
    np.testing.assert_allclose(
        filters.layers[0][1][1], weight[:, :, 0, 1] / np.abs(weight[:, :, 0, 1]).max(), atol=1e-6
    )
    maps = take(views, FeaturesProbe(index=1))
    assert [(name, values.shape) for name, values in maps.layers] == [
        ("conv2d1", (3, 8, 8)), ("max_pool2", (3, 4, 4)),
    ]  # fmt: skip
    whole, pooled = maps.layers[0][1], maps.layers[1][1]
    blocks = whole.reshape(3, 4, 2, 4, 2).max(axis=(2, 4))
    np.testing.assert_allclose(pooled, blocks / max(blocks.max(), 1e-9), atol=1e-5)


def test_mistakes_of_signals_are_signals():
    trainer = trained({"source": "mnist1d"}, [{"layer": "flatten"}, {"layer": "dense"}])
    views = Views(trainer)
    assert tags(views) == ["classes", "signals"]
    assert take(views, ClassesProbe()).rows.shape[1:] == (40,)
    assert take(views, SignalsProbe()).rows.shape == (40, 40)


# -- series, ratings, many targets ----------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 6])
def test_a_forecast_goes_on_from_what_came(horizon):
    trainer = trained(
        {"source": "sunspots", "context": 24, "horizon": horizon},
        [{"layer": "flatten"}, {"layer": "dense"}],
        "mse",
    )
    found = take(Views(trainer), ForecastProbe())
    known = np.isfinite(found.said)
    assert found.truth.shape == found.said.shape == found.rules["last"].shape
    y = trainer.dataset.pipeline.target_to_original(trainer.dataset.val.y)
    assert found.truth[-1] == pytest.approx(y[-1, -1], rel=1e-4, abs=1e-3)
    if horizon == 1:
        assert known.all()
        np.testing.assert_allclose(found.rules["last"][1:], found.truth[:-1], rtol=1e-4, atol=1e-3)
    else:
        assert known.sum() == horizon + 1
        np.testing.assert_allclose(found.rules["last"][-horizon:], found.truth[-horizon - 1], rtol=1e-3)


def test_ratings_show_a_vector_for_each_user_and_item():
    data = {"source": "low-rank-ratings", "users": 30, "items": 20, "samples": 300}
    trainer = trained(data, [{"layer": "factorization", "units": 3}], "mse")
    views = Views(trainer)
    tables = [probe for probe in views.probes if isinstance(probe, EmbeddingProbe)]
    assert len(tables) == 2
    users = take(views, tables[0])
    assert users.points.shape[1] == 2
    assert "of 3" in users.title


def test_of_several_targets_each_can_be_looked_at():
    trainer = trained(
        {"source": "sunspots", "context": 8, "horizon": 3}, [{"layer": "flatten"}, {"layer": "dense"}], "mse"
    )
    views = Views(trainer)
    fits = [take(views, FitProbe(index=i)) for i in range(4)]
    assert len({fit.target for fit in fits}) == 3
    assert fits[0].target == fits[3].target
    assert not np.array_equal(fits[0].predicted, fits[1].predicted)


def test_principal_axes_are_those_of_the_largest_variance_and_do_not_flip():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 5)) * [1, 9, 1, 4, 0.1]
    points, share = principal(values)
    centerd = values - values.mean(axis=0)
    variances = np.linalg.svd(centerd, compute_uv=False) ** 2
    np.testing.assert_allclose((points**2).sum(axis=0), variances[:2])
    assert share == pytest.approx(variances[:2].sum() / variances.sum())
    again, _ = principal(values + rng.normal(size=values.shape) * 1e-6)
    np.testing.assert_allclose(points, again, atol=1e-3)
    assert principal(np.arange(4.0)[:, None])[0].shape == (4, 2)
    assert principal(np.zeros((3, 4)))[1] == 1.0


# -- never in the way ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "model"),
    [
        (NAMES, GPT),
        ({"source": "digits"}, [{"layer": "conv2d", "filters": 2}, {"layer": "flatten"}, {"layer": "dense"}]),
    ],
)
def test_looking_does_not_change_a_bit(data, model):
    whole = trained(data, model, steps=12)
    looked = Trainer(whole.experiment, whole.dataset, threads=1)
    looked.start()
    views = Views(looked)
    while not looked.finished:
        looked.advance(limit=looked.step + 1)
        for probe in views.probes:
            take(views, probe)
    for name, values in whole.arrays().items():
        np.testing.assert_array_equal(values, looked.arrays()[name], err_msg=name)


class SlowProbe(Probe, frozen=True):
    """Takes 0.3 seconds of a clock, and counts."""

    index: int = 0

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return False

    def take(self, subject: Subject) -> int:
        CLOCK["now"] += 0.3
        CLOCK["count"] += 1
        return int(CLOCK["count"])


CLOCK = {"now": 100.0, "count": 0.0}


def test_a_probe_that_takes_long_is_taken_seldom(names, monkeypatch):
    views = Views(names)
    monkeypatch.setattr("time.monotonic", lambda: CLOCK["now"])
    monkeypatch.setattr(type(names), "step", property(lambda self: CLOCK["count"] + 1000))
    seen = []
    for _ in range(4):
        seen.append(views.results({"slow": SlowProbe()}, 0.5)["slow"])
        CLOCK["now"] += 6
    assert seen == [1, 2, 2, 3], "the first time, which may compile, is not held against it"
    assert views.results({"slow": SlowProbe(1)})["slow"] == 4, "what is asked for anew is shown at once"


def test_nothing_is_computed_twice_while_nothing_is_learned(names):
    views = Views(names)
    asked = {"one": AttentionProbe(), "two": AttentionProbe(), "table": EmbeddingProbe("embedding1.weight")}
    first, second = views.results(asked), views.results(asked)
    assert first["one"] is second["one"]
    assert first["table"] is second["table"]
    assert first["one"] is first["two"], "equal probes are taken once"


def test_a_layer_that_was_edited_is_seen_with_its_new_fields():
    model = [
        {"layer": "conv2d", "filters": 2},
        {"layer": "activation", "function": {"name": "leaky_relu", "slope": 0.01}},
        {"layer": "flatten"},
        {"layer": "dense"},
    ]
    trainer = trained({"source": "digits"}, model)
    views = Views(trainer)
    before = dict(take(views, FeaturesProbe()).layers)
    assert list(before) == ["conv2d1", "activation2"], "activations are feature maps, too"
    tree = override_value(tree_of(trainer.experiment), "model.1.function.slope", 0.9)
    trainer.edit(experiment_from(tree))
    after = dict(take(views, FeaturesProbe()).layers)
    np.testing.assert_array_equal(before["conv2d1"], after["conv2d1"])
    assert not np.allclose(before["activation2"], after["activation2"])
