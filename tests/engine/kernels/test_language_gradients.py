"""Every layer of language models, with every option, against finite differences in float64."""

import numpy as np
import pytest

from engine.activations import ReluSquared
from engine.layers.activations import Activate, SwiGlu
from engine.layers.attention import Attention
from engine.layers.dense import Dense
from engine.layers.embedding import Embedding, Position, Unembed
from engine.layers.norms import RmsNorm
from engine.layers.transformer import Transformer
from engine.losses import CrossEntropy
from helpers.rigs import LayerRig, LossRig

LIMIT = 1e-6
TOKENS = 5

ATTENTION = {
    "causal": Attention(heads=2),
    "full": Attention(heads=2, causal=False),
    "one head": Attention(heads=1),
    "heads of width one": Attention(heads=4),
    "grouped": Attention(heads=4, kv_heads=2),
    "one group": Attention(heads=4, kv_heads=1, causal=False),
    "rotary": Attention(heads=2, rotary=True),
    "normalized": Attention(heads=2, qk_norm=True),
    "biased": Attention(heads=2, bias=True),
    "everything": Attention(heads=2, kv_heads=1, rotary=True, qk_norm=True, bias=True),
}
TRANSFORMERS = {
    "gelu": Transformer(heads=2, blocks=2),
    "swiglu": Transformer(heads=2, mlp="swiglu", norm="rms", expansion=1.5),
    "relu_squared": Transformer(heads=1, mlp="relu_squared", bias=True),
    "full, with all that attention has": Transformer(
        heads=2, causal=False, kv_heads=1, rotary=True, qk_norm=True
    ),
    "dropout": Transformer(heads=2, dropout=0.3),
}


def numbers(*shape: int) -> np.ndarray:
    """Away from 0, where relu has a corner."""
    x = np.random.default_rng(5).normal(size=shape)
    return np.where(np.abs(x) < 0.05, 0.5, x)


def tokens(*shape: int) -> np.ndarray:
    return np.random.default_rng(6).integers(0, TOKENS, shape)


@pytest.mark.parametrize("name", ATTENTION)
def test_attention(name):
    assert LayerRig([ATTENTION[name]], (2, 3, 4)).gradient_error(numbers(2, 3, 4)) < LIMIT


@pytest.mark.parametrize("shape", [(1, 1, 2), (1, 9, 2), (3, 17, 2)], ids=str)
def test_attention_over_few_and_many_positions(shape):
    assert LayerRig([Attention(heads=1)], shape).gradient_error(numbers(*shape)) < LIMIT


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformer(name):
    assert LayerRig([TRANSFORMERS[name]], (2, 3, 4)).gradient_error(numbers(2, 3, 4)) < LIMIT


@pytest.mark.parametrize("shape", [(1, 2), (7, 3), (4, 2, 5)], ids=str)
def test_rms_norm(shape):
    assert LayerRig([RmsNorm()], shape).gradient_error(numbers(*shape)) < LIMIT


@pytest.mark.parametrize("shape", [(1, 2), (3, 6), (2, 3, 4)], ids=str)
def test_swiglu(shape):
    assert LayerRig([SwiGlu()], shape).gradient_error(numbers(*shape)) < LIMIT


@pytest.mark.parametrize("kind", ["learned", "sinusoidal"])
def test_position(kind):
    assert LayerRig([Position(kind=kind)], (3, 4, 5)).gradient_error(numbers(3, 4, 5)) < LIMIT


def test_dense_over_positions():
    layer = Dense(units=3, over="position", bias=False, activation=ReluSquared())
    assert LayerRig([layer], (2, 4, 5)).gradient_error(numbers(2, 4, 5)) < LIMIT


EMBEDDINGS = {
    "alone": [Embedding(units=4)],
    "tied": [Embedding(units=4), Activate(ReluSquared()), Unembed()],
    "untied": [Embedding(units=4), Unembed(tied=False)],
    "used three times": [Embedding(units=4), Unembed(), Dense(units=4, over="position"), Unembed()],
}


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embedding(name):
    rig = LayerRig(EMBEDDINGS[name], (3, 4), data=True, outputs=TOKENS, vocabulary=(TOKENS,))
    assert rig.gradient_error(tokens(3, 4)) < LIMIT


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("scored", ["all", "some", "none"])
def test_the_loss_passes_over_positions_without_a_target(scored, smoothing):
    targets = tokens(12, 1)
    if scored != "all":
        targets[::3] = -1
    if scored == "none":
        targets[:] = -1
    rig = LossRig(CrossEntropy(label_smoothing=smoothing), TOKENS, targets, batch=30)
    z = numbers(12, TOKENS)
    value, gradient = rig.value(z)
    assert (gradient[targets[:, 0] < 0] == 0).all()
    assert (value == 0) == (scored == "none")
    assert rig.gradient_error(z) < LIMIT
