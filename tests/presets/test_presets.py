"""Every preset keeps what it promises, and leaves memory outside its tensors alone."""

import itertools
import re
import shlex
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import presets
from engine.component import tree_of
from engine.data import Dataset, prepare
from engine.errors import InputError
from engine.experiment import Experiment, experiment_from, experiment_to_toml, override
from engine.metrics import metric
from engine.trainer import Trainer

# Presets that would train for long here, and the mean loss of the last five of their first steps. By default only
# these steps are trained; the whole is marked slow.
FIRST_STEPS = 25
TOLERANCE = {"python-gpt": 0.1}  # its text is what this version of Python says of itself
LONG: dict[str, float] = {
    "addition-gpt": 1.8725,
    "fashion-cnn": 1.9910,
    "fashion-vit": 2.0026,
    "mnist1d-gru": 1.8253,
    "names-gpt": 2.8169,
    "names-lstm": 2.8893,
    "python-gpt": 3.1109,
    "shakespeare-gpt": 3.4670,
    "shakespeare-lstm": 3.5623,
}


PREPARED: dict[
    tuple[str, int, str], Dataset
] = {}  # the latest, for tests of the same data that follow each other


def dataset_of(experiment: Experiment) -> Dataset:
    training = experiment.training
    key = (str(tree_of(experiment.data)), training.seed, training.precision)
    if key not in PREPARED:
        PREPARED.clear()
        PREPARED[key] = prepare(experiment.data, training.seed, training.precision)
    return PREPARED[key]


def started(name: str, seed: int, **options) -> Trainer:
    tree = override(presets.load(name), [f"training.seed={seed}"])
    experiment = experiment_from(tree, name)
    trainer = Trainer(experiment, dataset_of(experiment), **options)
    trainer.start()
    return trainer


def trained(name: str, seed: int, **options) -> Trainer:
    trainer = started(name, seed, **options)
    while not trainer.finished:
        trainer.advance()
    return trainer


def assert_kept(name: str, trainer: Trainer) -> None:
    expect = trainer.experiment.expect
    assert expect is not None
    assert trainer.progress.ended == "done"
    value = trainer.test_scores()[expect.metric]
    higher = metric(expect.metric).higher_is_better
    bound = expect.bound(higher)
    assert value >= bound if higher else value <= bound, f"{name}: {expect.metric} {value}, promised {bound}"


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in LONG else ()) for n in presets.names()]
)
def test_a_preset_keeps_its_promise_and_its_guard_words(name):
    trainer = trained(name, seed=1, guarded=True)
    assert_kept(name, trainer)
    assert damage(trainer) == []


@pytest.mark.parametrize("name", LONG)
def test_a_long_preset_begins_to_learn_as_recorded_and_keeps_its_guard_words(name):
    trainer = started(name, seed=1, guarded=True)
    losses: list[float] = []
    while trainer.step < FIRST_STEPS:
        trainer.advance(limit=FIRST_STEPS)
        losses += trainer.chunk.losses.tolist()
    assert sum(losses[-5:]) / 5 == pytest.approx(LONG[name], rel=TOLERANCE.get(name, 0.01))
    assert losses[0] > 1.1 * LONG[name]
    assert damage(trainer) == []


def damage(trainer: Trainer) -> list[list[str]]:
    """The tensors behind which something was written."""
    return [area.damaged_guards() for area in trainer.memory if area.damaged_guards()]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("name", presets.names())
def test_a_preset_keeps_its_promise_for_other_seeds(name, seed):
    assert_kept(name, trained(name, seed))


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_tells_its_story_and_reads_back_the_same(name):
    experiment = experiment_from(presets.load(name), name)
    assert experiment.title
    assert experiment.story
    assert len(experiment.things_to_try) >= 3
    assert presets.topic(name) in presets.TOPICS
    assert experiment_from(tomllib.loads(experiment_to_toml(experiment))) == experiment


@pytest.mark.parametrize("name", [name for name in presets.names() if name not in LONG])
def test_a_quick_preset_promises_what_ten_seeds_gave(name):
    expect = experiment_from(presets.load(name), name).expect
    assert expect.seeds >= 10
    higher = metric(expect.metric).higher_is_better
    far = abs(expect.mean - expect.bound(higher))
    assert far >= 3 * expect.std
    assert expect.bound(higher) <= expect.worst if higher else expect.bound(higher) >= expect.worst


def test_linear_regression_finds_weight_one_and_bias_zero():
    trainer = trained("linear-regression", seed=1)
    weight, bias = trainer.memory["dense1.weight"].item(), trainer.memory["dense1.bias"].item()
    assert weight == pytest.approx(1, abs=1e-3)
    assert bias == pytest.approx(0, abs=1e-3)


def test_the_guarded_run_computes_the_same_bits_as_the_plain_one():
    plain, guarded = trained("iris", seed=1), trained("iris", seed=1, guarded=True)
    for name, array in plain.arrays().items():
        if name in plain.network.shapes:
            assert (array == guarded.arrays()[name]).all()


@pytest.mark.parametrize("name", presets.names())
def test_what_a_preset_says_to_try_can_be_typed_as_it_stands(name):
    for line in presets.load(name)["try"]:
        command = line.split(": ")[0]
        words = shlex.split(command)
        assert words[0] in ("--set", "tui-lab"), line
        changes = [after for before, after in itertools.pairwise(words) if before == "--set"]
        experiment = experiment_from(override(presets.load(name), changes), name)
        Trainer(experiment, dataset_of(experiment))


def test_an_unknown_preset_is_answered_with_the_nearest_name():
    with pytest.raises(InputError, match="no preset 'spirals'; did you mean 'spiral'"):
        presets.load("spirals")


fragments = st.sampled_from(
    ["", "0", "-1", "nan", "1e400", "true", "[]", "{}", '"x"', "2026-11-24", "=", "\n", "]", "'"]
)


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(presets.names()), place=st.integers(0, 60), fragment=fragments | st.text(max_size=4)
)
def test_a_preset_with_a_word_changed_is_an_experiment_or_one_clear_line(name, place, fragment):
    text = presets.text(name)
    words = list(re.finditer(r"[^\s=\[\]{},]+", text))
    word = words[-1 - place % len(words)]
    changed = text[: word.start()] + fragment + text[word.end() :]
    try:
        tree = tomllib.loads(changed)
    except tomllib.TOMLDecodeError:
        return
    try:
        assert isinstance(experiment_from(tree, name), Experiment)
    except InputError as error:
        assert str(error).startswith(f"{name}: ")
        assert "\n" not in str(error)
