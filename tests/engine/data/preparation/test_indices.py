"""Numbers of tokens, classes and categories are held against how many there are, before anything reads by them."""

from dataclasses import replace

import numpy as np
import pytest

from engine.component import build
from engine.data import Rows, Source, prepare
from engine.data.preparation.indices import check_indices
from engine.errors import InputError
from engine.evaluate import Evaluator
from engine.experiment import dataset_key, experiment_from
from engine.network import trace
from engine.plan import io_spec
from engine.trainer import Trainer

RATINGS = {
    "data": {"source": "low-rank-ratings", "users": 11, "items": 9, "samples": 70},
    "model": [{"layer": "factorization", "units": 2}],
    "loss": {"name": "mse"},
    "training": {"steps": 5},
}
MOONS = {
    "data": {"source": "moons", "samples": 60},
    "model": [{"layer": "dense"}],
    "loss": {"name": "cross_entropy"},
    "training": {"steps": 5},
}
WRONG = [-1, 3, 0.5, np.nan, np.inf, -np.inf, 1e300]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_no_index_is_refused_with_its_row(wrong, dtype):
    with np.errstate(over="ignore"):
        values = np.array([[0, 1], [2, wrong]], dtype)
    with pytest.raises(InputError, match=r"new\.csv: row 2 holds .*; expected a whole number from 0 to 2"):
        check_indices(values, (3,), "new.csv")


def test_indices_within_their_range_pass_and_quantities_may_be_anything():
    check_indices(np.array([[0, 2], [1, 1]]), (3,), "x")
    check_indices(np.array([[0, -7.5], [1, np.nan]]), (2, 0), "x")
    check_indices(np.array([[-1], [2]]), (3,), "x", least=-1)
    check_indices(np.array([[1e9]]), (), "x")
    check_indices(np.empty((0, 2)), (3,), "x")


def test_a_column_out_of_range_is_named():
    with pytest.raises(InputError, match=r"row 1 holds 9 in 'item'; expected a whole number from 0 to 8"):
        check_indices(np.array([[9, 9]]), (11, 9), "x", names=("user", "item"))
    with pytest.raises(InputError, match="rows have 3 columns, expected 2"):
        check_indices(np.zeros((4, 3)), (11, 9), "x")


def test_the_row_is_the_right_one_far_into_many_rows():
    values = np.zeros((3_000_000, 1), np.float32)
    values[2_500_000] = 7
    with pytest.raises(InputError, match="row 2500001 holds 7"):
        check_indices(values, (5,), "x")


def with_values(dataset, part: str, name: str, value: float):
    rows = getattr(dataset, part)
    array = getattr(rows, name).copy()
    array[-1] = value
    return replace(dataset, **{part: Rows(**{"x": rows.x, "y": rows.y} | {name: array})})


@pytest.mark.parametrize("part", ["train", "val", "test"])
@pytest.mark.parametrize(("tree", "name", "what"), [(RATINGS, "x", "inputs"), (MOONS, "y", "targets")])
@pytest.mark.parametrize("wrong", [-1, 1e6, 0.5, np.nan])
def test_a_data_set_whose_indices_are_out_of_range_is_refused_when_the_network_is_planned(
    tree, name, what, part, wrong
):
    experiment = experiment_from(tree)
    dataset = with_values(prepare(*dataset_key(experiment)), part, name, wrong)
    with pytest.raises(InputError, match=f"the {what} of the {part} rows: row .* expected a whole number"):
        Trainer(experiment, dataset)


def test_a_text_may_have_positions_without_a_target_but_no_other_number_below_0():
    tree = MOONS | {
        "data": {"source": "addition", "digits": 1, "samples": 100},
        "model": [{"layer": "embedding", "units": 4}, {"layer": "unembed"}],
    }
    experiment = experiment_from(tree)
    dataset = prepare(*dataset_key(experiment))
    assert (dataset.train.y == -1).any()
    Trainer(experiment, dataset)
    with pytest.raises(InputError, match="row .* holds -2; expected a whole number from -1"):
        Trainer(experiment, with_values(dataset, "val", "y", -2))


@pytest.mark.parametrize("wrong", WRONG)
def test_rows_that_an_evaluator_is_given_are_checked(wrong):
    experiment = experiment_from(RATINGS)
    dataset = prepare(*dataset_key(experiment))
    io = io_spec(experiment, dataset)
    evaluator = Evaluator(experiment, trace(experiment.model, io), io)
    rows = np.array([[1, 1], [1, wrong if wrong != 3 else io.vocabulary[1]]])
    with pytest.raises(InputError, match="the inputs: row 2 holds"):
        evaluator.outputs(rows)
    assert evaluator.outputs(rows[:1]).shape == (1, 1)


def test_labels_of_any_numbers_are_names_of_classes(tmp_path):
    path = tmp_path / "labels.npz"
    labels = np.tile([-5, 70_000, 3], 20)
    np.savez(path, x=np.random.default_rng(1).normal(size=(60, 2)), y=labels)
    source = build(Source, {"source": "npz", "path": str(path), "task": "classification"})
    dataset = prepare(source, 1)
    assert dataset.checked
    assert set(dataset.classes) == {"-5", "3", "70000"}
    assert set(np.unique(dataset.train.y)) == {0, 1, 2}
