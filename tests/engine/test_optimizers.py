"""Optimizers: ten steps against PyTorch, weight decay, and what single steps must do."""

import gc

import numpy as np
import pytest

from engine.activations import Tanh
from engine.builder import IOSpec
from engine.component import members
from engine.kernels.optimizers import product_of_momenta
from engine.layers.dense import Dense
from engine.layers.embedding import Embedding, Position, Unembed
from engine.layers.factorization import Factorization
from engine.layers.norms import LayerNorm
from engine.layers.transformer import Transformer
from engine.network import trace
from engine.optimizers import (
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    AdamW,
    Lion,
    Muon,
    Nadam,
    Optimizer,
    RmsProp,
    Sgd,
)
from helpers.golden import golden_case, relative_error
from helpers.rigs import OptimizerRig, damage

PRECISION = {"float32": 2e-5, "float64": 1e-10}
DECAY = 0.1
GOLDEN: dict[str, Optimizer] = {
    "sgd": Sgd(lr=0.05, weight_decay=DECAY),
    "sgd_momentum": Sgd(lr=0.05, momentum=0.9, weight_decay=DECAY),
    "sgd_nesterov": Sgd(lr=0.05, momentum=0.9, nesterov=True, weight_decay=DECAY),
    "rmsprop": RmsProp(lr=0.01, rho=0.95, momentum=0.5, weight_decay=DECAY),
    "adagrad": Adagrad(lr=0.05, weight_decay=DECAY),
    "adadelta": Adadelta(lr=1.0, rho=0.9, weight_decay=DECAY),
    "adam": Adam(lr=0.02, weight_decay=DECAY),
    "adamw": AdamW(lr=0.02, weight_decay=DECAY),
    "nadam": Nadam(lr=0.02, weight_decay=DECAY),
    "lion": Lion(lr=0.003, weight_decay=DECAY),
    "adafactor": Adafactor(lr=0.3, weight_decay=DECAY),
    "muon": Muon(lr=0.02, weight_decay=DECAY, rest=0.1),
}
NAMES = ("dense1.weight", "dense1.bias", "dense2.weight", "dense3.weight")


def first_values() -> dict[str, np.ndarray]:
    case = golden_case("optimizers")
    return {name: case[name] for name in NAMES}


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("name", GOLDEN)
def test_ten_steps_are_those_of_pytorch(name, dtype):
    rig, given = OptimizerRig(GOLDEN[name], first_values(), dtype), golden_case("optimizers")
    for i in range(10):
        rig.step({parameter: given[f"d {parameter}"][i] for parameter in NAMES})
    expected = golden_case(f"optimizers/{name}")
    for parameter in NAMES:
        assert relative_error(rig.parameter(parameter), expected[parameter]) < PRECISION[dtype], parameter


def test_every_optimizer_is_among_the_golden_ones():
    assert {type(o) for o in GOLDEN.values()} == set(members(Optimizer).values())


def test_the_order_of_the_fields_means_nothing_to_the_kernel():
    class Turned(Optimizer, tag="turned-adam"):
        weight_decay: float = 0.0
        epsilon: float = 1e-8
        beta2: float = 0.999
        beta1: float = 0.9

        states = ("v", "m")
        kernel = Adam.kernel

    try:
        results = []
        for optimizer in (Turned(lr=0.02, weight_decay=DECAY), Adam(lr=0.02, weight_decay=DECAY)):
            rig = OptimizerRig(optimizer, first_values())
            rig.step({parameter: golden_case("optimizers")[f"d {parameter}"][0] for parameter in NAMES})
            results.append(rig.memory.areas["parameters"].array.copy())
        assert (results[0] == results[1]).all()
    finally:
        del Turned
        gc.collect()


def adafactor_in_numpy(p: np.ndarray, gradients: list[np.ndarray], decay: float, lr: float) -> np.ndarray:
    """Algorithms 4 and 5 of Shazeer & Stern (2018), with decoupled weight decay, in plain NumPy."""
    p, matrix = p.copy(), p.ndim > 1
    row, column, v = np.zeros(p.shape[0]), np.zeros(p.shape[-1]), np.zeros(p.shape)
    for t, g in enumerate(gradients, start=1):
        beta2, size = 1 - t**-0.8, max(1e-3, np.sqrt(np.mean(p**2))) * min(lr, 1 / np.sqrt(t))
        if matrix:
            row = beta2 * row + (1 - beta2) * (g**2 + 1e-30).mean(axis=1)
            column = beta2 * column + (1 - beta2) * (g**2 + 1e-30).mean(axis=0)
            v = np.outer(row, column) / row.mean()
        else:
            v = beta2 * v + (1 - beta2) * (g**2 + 1e-30)
        u = g / np.sqrt(v)
        p = p * (1 - lr * decay * matrix) - size * u / max(1.0, np.sqrt(np.mean(u**2)))
    return p


@pytest.mark.parametrize("dtype", PRECISION)
def test_adafactor_is_its_paper_written_in_numpy(dtype):
    rng = np.random.default_rng(3)
    first = {"a.weight": rng.normal(size=(7, 4)), "a.bias": np.zeros(5), "b.weight": rng.normal(size=(3, 6))}
    sizes = 10.0 ** rng.integers(-4, 3, size=12)
    gradients = [{n: size * rng.normal(size=a.shape) for n, a in first.items()} for size in sizes]
    rig = OptimizerRig(Adafactor(lr=0.3, weight_decay=DECAY), first, dtype, guarded=True)
    for step in gradients:
        rig.step(step)
    for name, array in first.items():
        expected = adafactor_in_numpy(array, [step[name] for step in gradients], DECAY, 0.3)
        assert relative_error(rig.parameter(name), expected) < PRECISION[dtype], name
    assert damage(rig.memory) == []


def test_adafactor_remembers_sums_over_rows_and_columns_only():
    rig = OptimizerRig(
        Adafactor(),
        {"a.weight": np.ones((300, 200)), "a.bias": np.ones(7), "b.weight": np.ones((2, 3, 4, 5))},
    )
    sizes = {name: area.size for name, area in rig.memory.areas.items() if name.startswith("optimizer.")}
    shapes = {n: {k: t.shape for k, t in rig.memory.areas[n].tensors.items()} for n in sizes}
    assert shapes == {
        "optimizer.v": {"a.bias": (7,)},
        "optimizer.row": {"a.weight": (300,), "b.weight": (24,)},
        "optimizer.column": {"a.weight": (200,), "b.weight": (5,)},
    }


def test_adafactor_stays_finite_where_whole_rows_and_columns_have_no_gradient():
    rig = OptimizerRig(
        Adafactor(lr=0.1), {"a.weight": np.ones((4, 3)), "b.weight": np.ones((2, 2))}, "float32"
    )
    gradient = np.zeros((4, 3))
    gradient[1, 2] = 1.0
    for _ in range(3):
        rig.step({"a.weight": gradient, "b.weight": np.zeros((2, 2))})
    assert np.isfinite(rig.parameter("a.weight")).all()
    assert (rig.parameter("a.weight")[0] == 1).all()
    assert (rig.parameter("b.weight") == 1).all()


@pytest.mark.parametrize("tag", members(Optimizer))
def test_weight_decay_shrinks_weights_and_spares_biases(tag):
    optimizer = members(Optimizer)[tag](weight_decay=0.1, lr=0.01)
    rig = OptimizerRig(
        optimizer, {"a.weight": np.ones((3, 5)), "b.weight": np.ones((5, 3)), "b.bias": np.ones(4)}
    )
    for _ in range(3):
        rig.step(dict.fromkeys(("a.weight", "b.weight", "b.bias"), 0))
    assert (rig.parameter("a.weight") < 1).all()
    assert (rig.parameter("b.weight") < 1).all()
    assert (rig.parameter("b.bias") == 1).all()


@pytest.mark.parametrize("tag", members(Optimizer))
@pytest.mark.parametrize("size", [1, 15, 17, 1000])
def test_a_step_goes_downhill_whatever_the_size(tag, size):
    rig = OptimizerRig(members(Optimizer)[tag](), {"a.bias": np.zeros(size)}, "float32")
    slope = np.where(np.arange(size) % 2, 1.0, -1.0)
    for _ in range(2):
        rig.step({"a.bias": slope})
    assert (np.sign(rig.parameter("a.bias")) == -slope).all()


@pytest.mark.parametrize("tag", members(Optimizer))
def test_what_has_no_gradient_and_no_decay_stays(tag):
    rig = OptimizerRig(members(Optimizer)[tag](), {"a.bias": np.full(20, 0.5)}, "float32")
    for _ in range(3):
        rig.step({"a.bias": 0})
    assert (rig.parameter("a.bias") == 0.5).all()


def test_the_product_of_nadams_momenta_is_what_multiplication_gives():
    for fading in (0.96**0.004, 0.96, 0.5, 1.0):
        for t in (1, 2, 10, 200):
            product = np.prod([1 - 0.5 * fading**i for i in range(1, t + 1)])
            assert product_of_momenta(fading, t) == pytest.approx(product, rel=1e-11)


@pytest.mark.parametrize("shape", [(6, 6), (4, 12), (12, 4), (1, 5), (5, 1)])
def test_muon_moves_a_matrix_equally_far_in_all_its_directions(shape):
    first = {"a.weight": np.zeros(shape), "b.weight": np.zeros((3, 2))}
    rig = OptimizerRig(Muon(lr=1.0, weight_decay=0.0), first)
    rng = np.random.default_rng(0)
    rig.step({"a.weight": rng.normal(size=shape) * 100, "b.weight": np.ones((3, 2))})
    sizes = np.linalg.svd(rig.parameter("a.weight"), compute_uv=False) / np.sqrt(max(1, shape[1] / shape[0]))
    assert (sizes > 0.3).all()
    assert (sizes < 1.3).all()


def test_muon_takes_hidden_matrices_and_leaves_the_last_to_adamw():
    network = trace([Dense(units=4, activation=Tanh()), Dense(units=5), Dense()], IOSpec((3,), 2))
    assert Muon().whole(network) == {"dense1.weight", "dense2.weight"}
    assert Muon().whole(trace([Dense()], IOSpec((3,), 2))) == frozenset()


@pytest.mark.parametrize("tied", [True, False])
def test_muon_takes_every_matrix_within_a_language_model_but_no_table_of_vectors_and_no_head(tied):
    model = [Embedding(units=8), Position(), Transformer(heads=2), LayerNorm(), Unembed(tied=tied)]
    network = trace(model, IOSpec((4,), 5, 4, (5,)))
    inside = {
        f"transformer3.block1.{name}.weight" for name in ("attend.attention2.qkv", "attend.attention2.out")
    }
    inside |= {f"transformer3.block1.think.dense{i}.weight" for i in (2, 3)}
    assert Muon().whole(network) == inside


def test_muon_leaves_both_tables_of_a_factorization_to_adamw():
    network = trace([Factorization(units=3)], IOSpec((2,), 1, 1, (5, 6)))
    assert Muon().whole(network) == frozenset()


def test_a_matrix_that_is_wanted_whole_is_not_cut_into_lanes():
    first = {"a.weight": np.ones((300, 400)), "b.weight": np.ones((300, 400)), "c.weight": np.ones((400, 2))}
    assert len(OptimizerRig(AdamW(), first).lanes) > 1
    rig = OptimizerRig(Muon(lr=0.1), first)
    rng = np.random.default_rng(0)
    rig.step({name: rng.normal(size=array.shape) for name, array in first.items()})
    sizes = np.linalg.svd(rig.parameter("b.weight") - (1 - 0.1 * 0.01), compute_uv=False)
    assert sizes.max() < 0.15 * np.sqrt(4 / 3)
