"""Losses: against PyTorch and their NumPy twins; for which data they are; class weights."""

from types import SimpleNamespace

import numpy as np
import pytest

from engine.component import build, members
from engine.errors import InputError
from engine.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
)
from engine.tasks import Classification, Regression, Task
from helpers.golden import golden_case, relative_error
from helpers.rigs import LossRig

PRECISION = {"float32": 1e-5, "float64": 1e-12}
GOLDEN = {
    "mse": MeanSquaredError(),
    "mae": MeanAbsoluteError(),
    "huber": Huber(delta=0.7),
    "cross_entropy": CrossEntropy(),
    "cross_entropy_smoothed": CrossEntropy(label_smoothing=0.1),
    "cross_entropy_weighted": CrossEntropy(class_weights=[0.5, 1.0, 2.0, 1.5]),
    "binary_cross_entropy": BinaryCrossEntropy(label_smoothing=0.1, class_weights=[0.5, 2.0]),
    "hinge_of_two": Hinge(class_weights=[0.5, 2.0]),
    "hinge_of_many": Hinge(class_weights=[0.5, 1.0, 2.0, 1.5]),
}


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("name", GOLDEN)
def test_loss_and_gradient_are_those_of_pytorch(name, dtype):
    case = golden_case(f"losses/{name}")
    value, gradient = LossRig(GOLDEN[name], case["z"].shape[1], case["t"], dtype).value(case["z"])
    assert value == pytest.approx(float(case["loss"]), rel=PRECISION[dtype])
    assert relative_error(gradient, case["dz"]) < PRECISION[dtype]


@pytest.mark.parametrize("name", GOLDEN)
def test_the_kernel_is_the_mean_of_the_values_in_numpy(name):
    case = golden_case(f"losses/{name}")
    values = GOLDEN[name].values(case["z"].astype(np.float32), case["t"].astype(np.float32))
    assert values.shape == (len(case["z"]),)
    assert values.dtype == np.float64
    assert values.mean() == pytest.approx(float(case["loss"]), rel=1e-5)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_parts_of_shards_add_up_to_the_loss_of_the_batch(name):
    case = golden_case(f"losses/{name}")
    rows, outputs = case["z"].shape
    parts = [slice(0, 3), slice(3, rows)]
    results = [LossRig(GOLDEN[name], outputs, case["t"][p], batch=rows).value(case["z"][p]) for p in parts]
    assert sum(value for value, _ in results) == pytest.approx(float(case["loss"]), rel=1e-12)
    assert relative_error(np.concatenate([gradient for _, gradient in results]), case["dz"]) < 1e-12


@pytest.mark.parametrize("loss", [CrossEntropy(), BinaryCrossEntropy(), Hinge()], ids=lambda loss: loss.tag())
def test_very_sure_scores_stay_finite(loss):
    outputs = 2 if isinstance(loss, CrossEntropy) else 1
    z = np.array([[500.0] * outputs, [-500.0] * outputs])
    z[:, 0] *= -1
    value, gradient = LossRig(loss, outputs, np.array([[0.0], [1.0]]), "float32").value(z)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", GOLDEN)
def test_a_score_that_is_not_a_number_gives_a_loss_that_is_none(name):
    case = golden_case(f"losses/{name}")
    z = case["z"].copy()
    z[2, 0] = np.nan
    assert np.isnan(LossRig(GOLDEN[name], z.shape[1], case["t"], "float32").value(z)[0])


def data(task: Task, outputs: int, targets: list[int] | None = None) -> SimpleNamespace:
    y = np.array(targets or [0], np.float32)[:, None]
    return SimpleNamespace(task=task, outputs=outputs, train=SimpleNamespace(y=y))


@pytest.mark.parametrize(
    ("loss", "dataset", "units"),
    [
        (MeanSquaredError(), data(Regression(), 3), 3),
        (CrossEntropy(), data(Classification(), 2), 2),
        (BinaryCrossEntropy(), data(Classification(), 2), 1),
        (Hinge(), data(Classification(), 2), 1),
        (Hinge(), data(Classification(), 4), 4),
    ],
)
def test_the_loss_says_how_many_outputs_the_network_has(loss, dataset, units):
    assert loss.units(dataset) == units


@pytest.mark.parametrize(
    ("loss", "dataset", "message"),
    [
        (MeanSquaredError(), data(Classification(), 3), "'mse' needs numbers, the targets are classes"),
        (Hinge(), data(Regression(), 1), "'hinge' needs classes, the targets are numbers"),
        (
            BinaryCrossEntropy(),
            data(Classification(), 3),
            "needs two classes, the data has 3; try 'cross_entropy'",
        ),
        (CrossEntropy(class_weights=[1.0, 2.0]), data(Classification(), 3), "has 2 numbers for 3 classes"),
    ],
)
def test_data_that_does_not_suit_is_refused(loss, dataset, message):
    with pytest.raises(InputError, match=message):
        loss.units(dataset)


def test_balanced_weights_make_every_class_count_alike():
    dataset = data(Classification(), 3, [0, 0, 0, 0, 1, 1])
    loss = CrossEntropy(class_weights="balanced")
    assert loss.units(dataset) == 3
    assert loss.resolved(dataset).class_weights == [0.5, 1.0, 2.0]
    assert loss.resolved(dataset).resolved(dataset) == loss.resolved(dataset)


@pytest.mark.parametrize("weights", [[1.0, -1.0], [1.0, float("nan")], "balance", [1.0, "x"]])
def test_class_weights_that_make_no_sense_are_refused(weights):
    with pytest.raises(InputError, match="class_weights|loss"):
        build(Loss, {"name": "cross_entropy", "class_weights": weights}, "loss")


def test_every_loss_is_among_the_golden_ones():
    assert {type(loss) for loss in GOLDEN.values()} == set(members(Loss).values())
