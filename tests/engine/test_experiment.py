"""Reading experiments: what is wrong is said with its path and the nearest right name; never a traceback."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.experiment import Experiment, experiment_from, experiment_to_toml, override, read_toml

GOOD = {
    "data": {"source": "moons", "split": {"train": 0.5}, "preprocess": [{"step": "standardize"}]},
    "model": [{"layer": "dense", "units": 8, "activation": "tanh"}, {"layer": "dense"}],
    "loss": {"name": "cross_entropy"},
    "optimizer": {"name": "adamw", "lr": 0.01},
    "training": {"steps": 10},
}


def test_what_is_left_out_has_its_default():
    experiment = experiment_from(GOOD)
    assert experiment.training.batch_size == 32
    assert experiment.schedule.tag() == "constant"


def test_a_component_may_be_named_in_short_or_as_a_table():
    long = override(GOOD, ['model.0.activation={name="tanh"}'])
    assert experiment_from(long) == experiment_from(GOOD)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("optimizer.lrr=1", "optimizer.lrr: unknown key; did you mean 'lr'?"),
        ("optimizer.lr=fast", "optimizer.lr = 'fast': expected a number, got text"),
        ("optimizer.lr=-1", "optimizer.lr = -1: expected a number >= 0"),
        ("optimizer.name=adma", "optimizer.name = 'adma': unknown; did you mean 'adam'?"),
        ("model.0.layer=densse", "model.0.layer = 'densse': unknown; did you mean 'dense'?"),
        ("model.0.unit=3", "model.0.unit: unknown key; did you mean 'units'?"),
        ("model.0.units=2.5", "model.0.units = 2.5: expected a whole number"),
        ("model.0.activation=tan", "model.0.activation.name = 'tan': unknown; did you mean 'tanh'?"),
        ("model=3", "model = 3: expected a list"),
        ("training.precision=float16", "training.precision = 'float16': expected 'float32' or 'float64'"),
        ("loss.class_weights=equal", "loss.class_weights = 'equal': expected 'balanced'"),
        ("loss.class_weights=3", "loss.class_weights = 3: expected text or a list, got a whole number"),
        ("data.seed=soon", "data.seed = 'soon': expected a whole number, got text"),
        ("data.seed=2026-11-24", "data.seed = 2026-11-24: expected a whole number, got a date"),
        ("training.steps=true", "training.steps = true: expected a whole number, got true or false"),
        ("expect=3", "expect = 3: expected a table, got a whole number"),
        ("training.steps=0", "one of training.steps and training.epochs must be above 0"),
        ("training.epochs=3", "cannot both be given"),
        ("data.split.train=0.9", "train + val + test = 1.2 is more than 1"),
        ("data.preprocess.0.step=standardise", "did you mean 'standardize'?"),
        ("loss=5", "loss = 5: expected a table"),
        ("trainnig.steps=5", "trainnig: unknown key; did you mean 'training'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_path_and_what_would_be_right(assignment, message):
    with pytest.raises(InputError) as error:
        experiment_from(override(GOOD, [assignment]))
    assert message in str(error.value)
    assert "`" not in str(error.value)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("optimizer.lr", "expected KEY=VALUE"),
        ("=3", "expected KEY=VALUE"),
        ("model.7.units=3", "'7' is not a number from 0 to 1"),
        ("model.first.units=3", "'first' is not a number from 0 to 1"),
        ("training.steps.more=3", "is not a table"),
    ],
)
def test_an_override_that_leads_nowhere_is_said(assignment, message):
    with pytest.raises(InputError, match=message):
        override(GOOD, [assignment])


def test_overrides_leave_the_original_alone_and_take_toml_or_text():
    before = copy.deepcopy(GOOD)
    tree = override(
        GOOD, ["optimizer.lr = 1e-3", "model.0.activation=relu", "training.freeze=['dense1']", "title=a b"]
    )
    assert before == GOOD
    experiment = experiment_from(tree)
    assert (experiment.optimizer.lr, experiment.training.freeze, experiment.title) == (
        1e-3,
        ["dense1"],
        "a b",
    )


def test_missing_parts_are_named():
    for part in ("data", "model", "loss", "training"):
        tree = {key: value for key, value in GOOD.items() if key != part}
        with pytest.raises(InputError, match=f"{part} is missing"):
            experiment_from(tree)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = ", "is not valid TOML"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 5000, "is not valid TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_said(tmp_path, content, message):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"bad.toml: {message}"):
        read_toml(path)
    with pytest.raises(InputError, match="there is no such file"):
        read_toml(tmp_path / "absent.toml")
    with pytest.raises(InputError, match="cannot be read"):
        read_toml(tmp_path)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
paths = st.sampled_from(
    ["", "data", "data.source", "data.split", "data.preprocess", "model", "model.0", "model.0.units", "model.0.layer",
     "model.0.activation", "loss", "loss.name", "optimizer", "optimizer.lr", "schedule", "training",
     "training.steps", "training.freeze", "expect", "try", "title", "nonsense"]
)  # fmt: skip


def changed(tree, path, value):
    tree = copy.deepcopy(tree)
    if not path:
        return value
    *parents, last = path.split(".")
    place = tree
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    place[int(last) if isinstance(place, list) else last] = value
    return tree


@settings(max_examples=400, deadline=None)
@given(path=paths, value=values)
def test_no_tree_whatever_gives_anything_but_an_experiment_or_one_clear_line(path, value):
    try:
        experiment = experiment_from(changed(GOOD, path, value))
    except InputError as error:
        assert str(error).strip()
    else:
        assert isinstance(experiment, Experiment)
        assert experiment_to_toml(experiment)


def promised(**expect: object) -> Experiment:
    return experiment_from(GOOD | {"expect": {"metric": "accuracy", **expect}})


def test_a_promise_lies_beyond_the_worst_seed_and_four_deviations_from_the_mean():
    narrow, skewed = {"mean": 0.9, "std": 0.02, "worst": 0.85}, {"mean": 0.9, "std": 0.02, "worst": 0.7}
    assert promised(**narrow, seeds=10).expect.bound(True) == pytest.approx(0.82)
    assert promised(**skewed, seeds=10).expect.bound(True) == 0.7
    assert promised(mean=1.0, std=0.1, worst=1.2, seeds=10).expect.bound(False) == pytest.approx(1.4)


def test_a_promise_says_its_mean_spread_and_worst_seed():
    text = promised(mean=0.9, std=0.02, worst=0.85, seeds=10).expect.text()
    assert text == "accuracy 0.9 ± 0.02 on the test rows (worst of 10: 0.85)"


def test_a_promise_may_be_a_plain_bound():
    expect = promised(value=0.8).expect
    assert (expect.bound(True), expect.text()) == (0.8, "accuracy 0.8 on the test rows")


@pytest.mark.parametrize(
    "expect",
    [
        {},
        {"mean": 0.9},
        {"mean": 0.9, "std": 0.02, "worst": 0.85},
        {"mean": 0.9, "std": 0.02, "worst": 0.85, "seeds": 1},
        {"mean": 0.9, "std": -0.02, "worst": 0.85, "seeds": 10},
        {"value": 0.8, "mean": 0.9, "std": 0.02, "worst": 0.85, "seeds": 10},
        {"value": 0.8, "seeds": 10},
    ],
)
def test_a_promise_of_neither_kind_is_refused(expect):
    with pytest.raises(InputError, match="^expect: "):
        promised(**expect)
