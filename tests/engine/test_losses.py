"""Losses: against PyTorch and their NumPy twins; for which data they are; class weights."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from engine.component import build, members
from engine.errors import InputError
from engine.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Hinge,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
)
from engine.tasks import Classification, NextToken, Regression, Task
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
    "focal_of_two_0.5": Focal(gamma=0.5, class_weights=[0.5, 1.0]),
    "focal_of_two_2": Focal(class_weights=[0.5, 1.0]),
    "focal_of_many_0.5": Focal(gamma=0.5, class_weights=[0.5, 1.0, 2.0, 1.5]),
    "focal_of_many_2": Focal(class_weights=[0.5, 1.0, 2.0, 1.5]),
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


@pytest.mark.parametrize(
    "loss", [CrossEntropy(), BinaryCrossEntropy(), Hinge(), Focal(gamma=0.5)], ids=lambda loss: loss.tag()
)
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
        (Focal(), data(Classification(), 2), 1),
        (Focal(), data(Classification(), 3), 3),
        (Focal(), data(NextToken(), 2), 2),
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


def test_balanced_weights_make_every_class_count_alike_as_in_scikit_learn():
    labels = [0, 0, 0, 0, 1, 1, 2]
    dataset = data(Classification(), 3, labels)
    loss = CrossEntropy(class_weights="balanced")
    assert loss.units(dataset) == 3
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert loss.resolved(dataset).class_weights == pytest.approx(expected.tolist())
    assert loss.resolved(dataset).resolved(dataset) == loss.resolved(dataset)


def test_a_class_without_training_rows_does_not_change_the_balance_of_the_others():
    labels = [0, 0, 0, 0, 2, 2]
    weights = CrossEntropy(class_weights="balanced").resolved(data(Classification(), 4, labels)).class_weights
    expected = compute_class_weight("balanced", classes=np.array([0, 2]), y=labels)
    assert weights == pytest.approx([expected[0], 1.0, expected[1], 1.0])


@pytest.mark.parametrize("weights", [[1.0, -1.0], [1.0, float("nan")], "balance", [1.0, "x"]])
def test_class_weights_that_make_no_sense_are_refused(weights):
    with pytest.raises(InputError, match="class_weights|loss"):
        build(Loss, {"name": "cross_entropy", "class_weights": weights}, "loss")


def test_every_loss_is_among_the_golden_ones():
    assert {type(loss) for loss in GOLDEN.values()} == set(members(Loss).values())


@pytest.mark.parametrize("outputs", [1, 4])
def test_focal_without_gamma_is_cross_entropy(outputs):
    z, t = np.random.default_rng(0).normal(size=(9, outputs)), np.arange(9)[:, None] % max(2, outputs)
    plain = BinaryCrossEntropy() if outputs == 1 else CrossEntropy()
    value, gradient = LossRig(Focal(gamma=0.0), outputs, t).value(z)
    expected, slope = LossRig(plain, outputs, t).value(z)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, slope, atol=1e-15)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_gradient_of_focal_is_the_slope_of_its_value(outputs, gamma):
    z, t = 3 * np.random.default_rng(1).normal(size=(7, outputs)), np.arange(7)[:, None] % max(2, outputs)
    assert LossRig(Focal(gamma=gamma), outputs, t).gradient_error(z) < 1e-6


def test_focal_passes_over_positions_where_nothing_is_predicted():
    rng = np.random.default_rng(2)
    z, t = rng.normal(size=(6, 4)), np.array([[1], [-1], [3], [-1], [0], [2]])
    value, gradient = LossRig(Focal(), 4, t).value(z)
    counted = t[:, 0] >= 0
    assert (gradient[~counted] == 0).all()
    assert value == pytest.approx(Focal().values(z[counted], t[counted]).sum() / len(t), rel=1e-12)
    np.testing.assert_allclose(Focal().values(z, t), Focal().values(z[counted], t[counted]))


@pytest.mark.parametrize("margin", [5.0, 12.0, 15.0])
def test_what_is_almost_right_keeps_the_right_gradient_in_float32(margin):
    z, t = np.array([[margin, 0.0, 0.0]]), np.array([[0]])
    _, exact = LossRig(Focal(gamma=0.5), 3, t).value(z)
    _, single = LossRig(Focal(gamma=0.5), 3, t, "float32").value(z)
    np.testing.assert_allclose(single, exact, rtol=1e-4)
