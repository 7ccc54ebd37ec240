"""Attention, norms, embeddings and two whole small GPTs, forward and backward, against values made with PyTorch."""

import numpy as np
import pytest

from engine.layers.activations import SwiGlu
from engine.layers.attention import Attention
from engine.layers.base import Layer
from engine.layers.embedding import Embedding, Position, Unembed
from engine.layers.norms import LayerNorm, RmsNorm
from engine.layers.transformer import Transformer
from engine.losses import CrossEntropy
from helpers.golden import golden_case, relative_error
from helpers.rigs import LayerRig, LossRig

PRECISION = {"float32": 2e-5, "float64": 1e-12}
WIDTH, TOKENS = 8, 7
MODERN = {"kv_heads": 1, "rotary": True, "qk_norm": True}
CASES: dict[str, list[Layer]] = {
    "attention/causal": [Attention(heads=2)],
    "attention/full": [Attention(heads=2, causal=False, bias=True)],
    "attention/grouped": [Attention(heads=4, kv_heads=2)],
    "attention/modern": [Attention(heads=2, **MODERN)],
    "rms_norm": [RmsNorm()],
    "swiglu": [SwiGlu()],
    "embedding": [Embedding(units=WIDTH)],
    "gpt": [
        Embedding(units=WIDTH), Position(), Transformer(blocks=2, heads=2), LayerNorm(), Unembed(),
    ],
    "modern_gpt": [
        Embedding(units=WIDTH), Transformer(blocks=2, heads=2, norm="rms", mlp="swiglu", expansion=1.5, **MODERN),
        RmsNorm(), Unembed(),
    ],
}  # fmt: skip


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("name", CASES)
def test_output_and_all_gradients_are_those_of_pytorch(name, dtype):
    case = golden_case(f"language/{name}")
    of_tokens = case["x"].dtype == np.int64
    rig = LayerRig(
        CASES[name], case["x"].shape, dtype=dtype, outputs=TOKENS, data=of_tokens, vocabulary=(TOKENS,)
    )  # fmt: skip
    for parameter in rig.network.shapes:
        rig.memory[parameter][...] = case[parameter]
    assert relative_error(rig.outputs(case["x"]), case["y"]) < PRECISION[dtype]
    rig.backward(case["dy"])
    found = {("dx" if name == "input" else f"d {name}"): g for name, (_, g) in rig.tensors().items()}
    assert found.keys() == {key for key in case if key == "dx" or key.startswith("d ")}
    for key, gradient in found.items():
        assert relative_error(gradient, case[key]) < PRECISION[dtype], key


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize(("name", "smoothing"), [("plain", 0.0), ("smoothed", 0.1)])
def test_the_loss_over_positions_that_count_is_that_of_pytorch(name, smoothing, dtype):
    case, loss = golden_case(f"language/loss/{name}"), CrossEntropy(label_smoothing=smoothing)
    counted = int((case["t"] >= 0).sum())
    value, gradient = LossRig(loss, TOKENS, case["t"], dtype, batch=counted).value(case["z"])
    assert value == pytest.approx(float(case["loss"]), rel=PRECISION[dtype])
    assert relative_error(gradient, case["dz"]) < PRECISION[dtype]
    assert loss.values(case["z"], case["t"]).mean() == pytest.approx(float(case["loss"]), rel=1e-12)
