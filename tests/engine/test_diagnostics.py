"""Diagnostics: each finding appears exactly where its threshold says, and says what to do."""

import re
from pathlib import Path

import numpy as np
import pytest

from engine import diagnostics
from engine.activations import Activation, Relu, Sigmoid, Tanh
from engine.component import members
from engine.data import prepare
from engine.diagnostics import BAD, GOOD, WATCH, Finding, LayerState, course, findings, layer_states, level
from engine.experiment import experiment_from
from engine.trainer import Trainer

ABOVE = 1 + 1e-9


def state(**measured: float) -> LayerState:
    """A layer of which only this was measured."""
    names = (
        "activation_mean",
        "activation_std",
        "saturated",
        "dead",
        "gradient_std",
        "weight_std",
        "update_ratio",
    )
    values = dict.fromkeys(names) | measured
    levels = {name: level(name, value) for name, value in measured.items()}
    return LayerState(name="dense1", kind="dense", shape=(4,), parameters=8, levels=levels, **values)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("update_ratio", -4.001, WATCH), ("update_ratio", -4.0, GOOD), ("update_ratio", -3.0, GOOD),
        ("update_ratio", -2.0, GOOD), ("update_ratio", -1.999, WATCH), ("update_ratio", -1.0, WATCH),
        ("update_ratio", -0.999, BAD),
        ("activation_std", 0.0999, WATCH), ("activation_std", 0.1, GOOD), ("activation_std", 5.0, GOOD),
        ("activation_std", 5.001, WATCH),
        ("saturated", 0.5, GOOD), ("saturated", 0.501, WATCH), ("saturated", 0.9, WATCH), ("saturated", 0.901, BAD),
        ("dead", 0.099, GOOD), ("dead", 0.1, WATCH), ("dead", 0.5, WATCH), ("dead", 0.501, BAD),
        ("gradient_std", 1e-7, GOOD), ("gradient_std", 0.99e-7, BAD), ("gradient_std", 0.0, BAD),
        ("activation_mean", 1e9, GOOD), ("weight_std", 1e9, GOOD),
    ],
)  # fmt: skip
def test_a_measurement_stands_where_its_thresholds_say(name, value, expected):
    assert level(name, value) == expected


@pytest.mark.parametrize(
    ("measured", "expected", "words"),
    [
        ({"dead": 0.1}, WATCH, "10% of the units are dead"), ({"dead": 0.6}, BAD, "60% of the units are dead"),
        ({"saturated": 0.95}, BAD, "95% of the outputs are saturated"),
        ({"gradient_std": 1e-9}, BAD, "the gradient has vanished"),
        ({"update_ratio": -0.5}, BAD, "updates are large"),
    ],
)  # fmt: skip
def test_a_layer_in_trouble_is_a_finding_with_a_remedy(measured, expected, words):
    (finding,) = findings([state(**measured)], [], np.empty(0), 0.0)
    assert finding.level == expected
    assert finding.message.startswith("dense1: ")
    assert words in finding.message
    assert finding.advice


@pytest.mark.parametrize(
    "measured",
    [
        {"dead": 0.09},
        {"saturated": 0.9},
        {"gradient_std": 1e-7},
        {"update_ratio": -1.0},
        {"activation_std": 50.0},
        {},
    ],
)
def test_what_is_only_worth_a_look_is_no_finding(measured):
    assert findings([state(**measured)], [], np.empty(0), 0.0) == []


def test_the_worst_comes_first():
    states = [state(dead=0.2), state(gradient_std=0.0)]
    assert [finding.level for finding in findings(states, [], np.empty(0), 0.6)] == [BAD, WATCH, WATCH]


def test_clipping_is_a_finding_where_more_than_half_of_the_steps_are_clipped():
    assert findings([], [], np.empty(0), 0.5) == []
    (finding,) = findings([], [], np.empty(0), 0.51)
    assert finding == Finding(WATCH, "51% of the steps are clipped", "raise clip_norm or lower lr")


def losses_that_end_at(deviations: float, steps: int = 128) -> np.ndarray:
    before = np.tile([0.9, 1.1], steps)[: steps - 1]
    return np.append(before, before.mean() + deviations * before.std())


@pytest.mark.parametrize(
    ("losses", "spiked"),
    [
        (losses_that_end_at(8.01), True), (losses_that_end_at(7.99), False),
        (losses_that_end_at(100, steps=127), False),  # too few to know what is usual
        (np.append(np.ones(127), 9.0), False),  # of what never moves there is no deviation
    ],
)  # fmt: skip
def test_a_spike_is_eight_deviations_above_the_last_steps(losses, spiked):
    assert [f.message for f in findings([], [], losses, 0.0)] == (["the loss spiked"] if spiked else [])


def logs(train: list[float], val: list[float]) -> list[dict]:
    return [{"train_loss": a, "val_loss": b} for a, b in zip(train, val, strict=True)]


@pytest.mark.parametrize(
    ("since", "train", "val", "overfit"),
    [
        (10, 1.0, 1.31, True), (9, 1.0, 1.31, False),  # ten evaluations since the best
        (10, 1.02, 1.31, False),  # less than 0.3 above training
        (10, 0.5, 1.04, False),  # hardly above the best
        (10, 0.0, 1.31, False),  # nothing to compare with
    ],
)  # fmt: skip
def test_overfitting_is_a_gap_a_rise_and_patience(since, train, val, overfit):
    found = course(logs([1.0] * 5 + [train] * since, [2.0, 1.8, 1.5, 1.2, 1.0] + [val] * since), 10)
    assert [f.message for f in found] == (
        ["overfitting: validation was best 10 evaluations ago"] if overfit else []
    )


def test_runs_without_validation_or_with_few_evaluations_have_no_course():
    assert course([{"train_loss": 1.0, "val_loss": None}] * 50, 10) == []
    assert course(logs([0.1] * 10, [1.0, *[9.0] * 9]), 10) == []


def test_dead_units_are_those_that_are_0_for_every_row():
    values = np.array([[0.0, 1.0, 0.0, -0.0], [0.0, 0.0, 2.0, 0.0]])
    assert Relu().dead(values) == 0.5
    assert Relu().saturated(values) is None
    images = np.zeros((2, 3, 3, 4))
    images[0, 1, 1, 0] = 1
    assert Relu().dead(images) == pytest.approx(35 / 36), "each place and channel is a unit"


def test_saturated_outputs_are_where_the_slope_is_gone():
    assert Tanh().saturated(np.array([[0.971, -0.971, 0.969, 0.0]])) == 0.5
    assert Sigmoid().saturated(np.array([[0.986, 0.014, 0.984, 0.5]])) == 0.5
    assert Tanh().dead(np.zeros((2, 2))) is None


def test_only_activations_that_can_die_or_saturate_say_so():
    values = np.zeros((4, 3))
    for name, kind in members(Activation).items():
        activation = kind()
        assert activation.dead(values) is None or activation.saturated(values) is None, name


def trained(model: list[dict], **training) -> tuple[Trainer, np.ndarray]:
    """A trainer after three steps, and its parameters before the last."""
    experiment = experiment_from(
        {
            "data": {"source": "moons"},
            "model": model,
            "loss": {"name": "cross_entropy"},
            "optimizer": {"name": "sgd", "lr": 0.1},
            "training": {"batch_size": 8, "steps": 3, **training},
        }
    )
    trainer = Trainer(experiment, prepare(experiment.data, 1, experiment.training.precision), threads=1)
    trainer.start()
    before = np.empty(0)
    while not trainer.finished:
        before = trainer.memory.areas["parameters"].array.copy()
        trainer.advance(limit=trainer.step + 1)
    return trainer, before


def test_the_state_of_layers_is_what_flowed_through_them_and_the_optimizers_true_change():
    model = [{"layer": "dense", "units": 6, "activation": "tanh"}, {"layer": "dense"}]
    trainer, before = trained(model)
    first, last = layer_states(trainer, before)
    net = trainer.plan.replicas[0]
    values = net.blocks[0].output.array
    assert first.activation_std == pytest.approx(values.std())
    assert first.saturated == pytest.approx(np.mean(np.abs(values) > 0.97))
    assert first.dead is None
    assert last.saturated is None
    tensor = trainer.memory.areas["parameters"].tensors["dense1.weight"]
    earlier = before[tensor.offset : tensor.offset + tensor.size].reshape(tensor.shape)
    change = (tensor.array - earlier).std()
    assert first.update_ratio == pytest.approx(np.log10(change / tensor.array.std()), rel=1e-4)
    assert layer_states(trainer)[0].update_ratio is None, "nothing is known of the step before"


def test_each_threshold_has_its_source_or_reason_beside_it():
    text = Path(diagnostics.__file__).read_text(encoding="utf-8")
    lines = re.findall(r"^[A-Z_, ]+ = -?[\d(].*$", text, re.MULTILINE)
    assert len(lines) == 12, "one line each"
    for line in lines:
        assert re.search(r"#.*(ours|Ours|Karpathy|cs231n|SageMaker|Prechelt)", line), line
