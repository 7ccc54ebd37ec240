"""Sights on real, tiny trainings: which there are, what they hold, and that looking changes nothing."""

import numpy as np
import pytest

from engine.data import prepare
from engine.experiment import experiment_from
from engine.probes import Sights, Wish
from engine.probes.codes import principal
from engine.probes.writing import least_telling
from engine.trainer import Trainer

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
    sights = Sights(names)
    assert sights.names == ("text", "attention", "embedding")
    lengths = []
    for _ in range(40):
        (page,) = sights.take("text", Wish()).pages
        lengths.append(len(page.text))
    assert lengths[0] == 6
    assert lengths == sorted(lengths)
    assert lengths[-1] == lengths[-2] == 90
    assert page.step == names.step


def test_the_beginning_of_a_text_is_what_is_shown_of_the_whole(names):
    sights = Sights(names)
    first = sights.take("text", Wish()).pages[-1].text
    second = sights.take("text", Wish()).pages[-1].text
    assert second.startswith(first)
    assert len(second) > len(first)


def test_another_prompt_begins_another_page_and_goes_on_from_it(names):
    sights = Sights(names)
    sights.take("text", Wish())
    writing = sights.take("text", Wish(prompt="ma"))
    assert [page.prompt for page in writing.pages] == ["", "ma"]
    assert writing.by_line


def test_a_prompt_with_unknown_characters_is_told_and_forgotten(names):
    sights = Sights(names)
    sights.take("text", Wish())
    page = sights.take("text", Wish(prompt="é!")).pages[-1]
    assert "never saw: '!' 'é'" in page.problem
    assert not page.text
    assert all(not page.problem for page in sights.take("text", Wish(prompt="a")).pages)


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
    sights = Sights(trainer)
    assert sights.names == ("answers", "attention", "embedding")
    answers = sights.take("answers", Wish())
    assert answers.asked is None
    for prompt, said, right in answers.rows[:5]:
        assert sum(map(int, prompt.strip("=").split("+"))) == int(right[::-1])
        asked = sights.take("answers", Wish(prompt=prompt)).asked
        assert asked[1][: len(said)] == said
    assert "never saw" in sights.take("answers", Wish(prompt="two")).problem


# -- attention ----------------------------------------------------------------------------------------------


def test_attention_is_over_the_text_that_was_asked_for(names):
    found = Sights(names).take("attention", Wish(prompt="maria"))
    assert found.tokens == list("maria")
    assert [maps.shape for _, maps in found.layers] == [(2, 5, 5)] * 2
    for _, maps in found.layers:
        np.testing.assert_allclose(maps.sum(axis=2), 1, atol=1e-5)
        assert not np.triu(maps, 1).any()


def test_attention_over_unknown_characters_is_over_a_row_and_says_why(names):
    found = Sights(names).take("attention", Wish(prompt="\N{SNOWMAN}"))
    assert "never saw" in found.problem
    assert found.tokens[0] == "\n"
    assert found.tokens[1] != "\n"


# -- images and signals -------------------------------------------------------------------------------------


def test_images_are_told_with_what_the_network_says(digits):
    sights = Sights(digits)
    assert sights.names == ("confusion", "mistakes", "images", "filters", "features")
    named = sights.take("images", Wish(index=3))
    part = digits.dataset.val
    assert named.rows.shape[1:] == (8, 8)
    assert named.true[:5] == [digits.dataset.classes[int(n)] for n in part.y[3:8, 0]]
    z = digits.evaluator.outputs(part.x[3:8])
    assert named.said[:5] == [digits.dataset.classes[n] for n in z.argmax(axis=1)]


def test_filters_and_maps_are_those_of_the_network(digits):
    sights = Sights(digits)
    filters = sights.take("filters", Wish())
    weight = digits.memory["conv2d1.weight"]
    assert filters.layers[0][1].shape == (3, 3, 3)
    np.testing.assert_allclose(
        filters.layers[0][1][1], weight[:, :, 0, 1] / np.abs(weight[:, :, 0, 1]).max(), atol=1e-6
    )
    maps = sights.take("features", Wish(index=1))
    assert [(name, values.shape) for name, values in maps.layers] == [
        ("conv2d1", (3, 8, 8)), ("max_pool2", (3, 4, 4)),
    ]  # fmt: skip
    whole, pooled = maps.layers[0][1], maps.layers[1][1]
    blocks = whole.reshape(3, 4, 2, 4, 2).max(axis=(2, 4))
    np.testing.assert_allclose(pooled, blocks / max(blocks.max(), 1e-9), atol=1e-5)


def test_mistakes_of_signals_are_signals():
    trainer = trained({"source": "mnist1d"}, [{"layer": "flatten"}, {"layer": "dense"}])
    sights = Sights(trainer)
    assert sights.names == ("confusion", "mistakes", "signals")
    assert sights.take("mistakes", Wish()).rows.shape[1:] == (40,)
    assert sights.take("signals", Wish()).rows.shape == (40, 40)


# -- series, ratings, many targets ----------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 6])
def test_a_forecast_goes_on_from_what_came(horizon):
    trainer = trained(
        {"source": "sunspots", "context": 24, "horizon": horizon},
        [{"layer": "flatten"}, {"layer": "dense"}],
        "mse",
    )
    found = Sights(trainer).take("forecast", Wish())
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
    sights = Sights(trainer)
    assert [name.split()[0] for name in sights.names] == ["fit", "embedding", "embedding"]
    users = sights.take(sights.names[1], Wish())
    assert users.points.shape[1] == 2
    assert "of 3" in users.title


def test_of_several_targets_each_can_be_looked_at():
    trainer = trained(
        {"source": "sunspots", "context": 8, "horizon": 3}, [{"layer": "flatten"}, {"layer": "dense"}], "mse"
    )
    sights = Sights(trainer)
    fits = [sights.take("fit", Wish(index=i)) for i in range(4)]
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
    sights = Sights(looked)
    while not looked.finished:
        looked.advance(limit=looked.step + 1)
        for name in sights.names:
            sights.take(name, Wish(prompt="a" if "text" in sights.names else "", index=looked.step))
    for name, values in whole.arrays().items():
        np.testing.assert_array_equal(values, looked.arrays()[name], err_msg=name)


def test_a_picture_that_takes_long_is_taken_seldom(names, monkeypatch):
    sights = Sights(names)
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    count = [0]

    def slow(wish):
        count[0] += 1
        clock[0] += 0.3
        return count[0]

    sights.probes["slow"] = slow
    monkeypatch.setattr(type(names), "step", property(lambda self: count[0] + 1000))
    seen = []
    for _ in range(4):
        seen.append(sights.see(["slow"], Wish(), 0.5)["slow"])
        clock[0] += 6
    assert seen == [1, 2, 2, 3], "the first time, which may compile, is not held against it"
    assert sights.see(["slow"], Wish(index=1))["slow"] == 4, "what is wished anew is shown at once"


def test_nothing_is_computed_twice_while_nothing_is_learned(names, monkeypatch):
    sights = Sights(names)
    first = sights.see(["attention", "embedding"], Wish())
    second = sights.see(["attention", "embedding"], Wish())
    assert first["attention"] is second["attention"]
    assert first["embedding"] is second["embedding"]
