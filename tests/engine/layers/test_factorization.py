"""Factorization and two towers: gradients, golden values, and who was not there in training."""

import numpy as np
import pytest

from engine.builder import IOSpec
from engine.errors import InputError
from engine.layers.branches import Concat, Multiply, Select
from engine.layers.dense import Dense
from engine.layers.embedding import Embedding
from engine.layers.factorization import Factorization
from engine.layers.shape import Flatten
from engine.network import trace
from helpers.golden import golden_case, relative_error
from helpers.rigs import LayerRig, damage

LIMIT = 1e-6
KNOWN = (5, 7)  # users, items


def rig_of(*layers, rows: int = 12, **options) -> LayerRig:
    return LayerRig([*layers], (rows, 2), data=True, vocabulary=KNOWN, outputs=1, **options)


def pairs(rows: int = 12) -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.column_stack([rng.integers(0, n, rows) for n in KNOWN])


def tower(column: int, units: int = 3) -> list:
    return [Select(column=column), Embedding(units=4), Flatten(), Dense(units=units)]


@pytest.mark.parametrize("units", [0, 1, 3, 17])
@pytest.mark.parametrize("rows", [1, 12])
def test_gradients_of_factorization(units, rows):
    rig = rig_of(Factorization(units=units), rows=rows, guarded=True)
    assert rig.gradient_error(pairs(rows)) < LIMIT
    assert damage(rig.memory) == []


@pytest.mark.parametrize(("dtype", "limit"), [("float32", 1e-5), ("float64", 1e-12)])
def test_factorization_is_what_pytorch_makes_of_embeddings(dtype, limit):
    case = golden_case("layers/factorization")
    rig = rig_of(Factorization(units=3), dtype=dtype)
    for name in rig.tensors():
        rig.memory[name][...] = case[name]
    assert relative_error(rig.outputs(case["x"]), case["y"]) < limit
    for _ in range(2):  # what one step leaves behind is gone in the next
        rig.backward(case["dy"])
    for name, (_, gradient) in rig.tensors().items():
        assert relative_error(gradient, case[f"d {name}"]) < limit, name


@pytest.mark.parametrize(
    "layers",
    [
        [Multiply(branches=[tower(0), tower(1)]), Dense()],
        [Concat(branches=[tower(0), tower(1, 2), [Factorization(units=2)]]), Dense()],
    ],
    ids=["multiplied", "joined, with a factorization beside them"],
)
def test_gradients_of_two_towers(layers):
    rig = rig_of(*layers, guarded=True)
    assert rig.gradient_error(pairs()) < LIMIT
    assert damage(rig.memory) == []


def test_whoever_was_not_there_adds_nothing():
    rig = rig_of(Factorization(units=3))
    for name in ("users", "items"):
        table = rig.memory[f"factorization1.{name}"]
        assert (table[0] == 0).all()
        assert (table[1:] != 0).all()
    rig.memory["factorization1.item_bias"][3] = 2
    assert rig.outputs(np.tile([0, 3], (12, 1)))[0, 0] == 2


@pytest.mark.parametrize("known", [(), (9,), (5, 0)], ids=str)
def test_other_inputs_than_numbers_of_users_and_items_are_refused(known):
    with pytest.raises(
        InputError, match=r"model\.0 \(factorization\): needs the numbers of a user and an item"
    ):
        trace([Factorization()], IOSpec((2,), 1, vocabulary=known))
