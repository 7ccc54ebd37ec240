"""What language layers promise beyond their gradients: who sees what, how they begin, and what they refuse."""

import numpy as np
import pytest

from engine.builder import IOSpec
from engine.data import Dataset, Pipeline, Rows
from engine.errors import InputError
from engine.experiment import experiment_from
from engine.layers.attention import Attention
from engine.layers.base import Layer
from engine.layers.embedding import Embedding, Position, Unembed
from engine.layers.transformer import Transformer
from engine.network import trace
from engine.tasks import NextToken
from engine.trainer import Trainer
from helpers.golden import relative_error
from helpers.rigs import LayerRig

TOKENS = 11


def randomised(layers: list[Layer], shape: tuple[int, ...], **options) -> LayerRig:
    rig = LayerRig(layers, shape, **options)
    rng = np.random.default_rng(2)
    for name in rig.network.shapes:
        rig.memory[name][...] = rng.normal(size=rig.memory[name].shape)
    return rig


def influence(layer: Layer, positions: int = 6) -> np.ndarray:
    """(T, T): whether the output at t changes when the input at u does."""
    x, change = np.random.default_rng(1).normal(size=(2, 1, positions, 4))
    rig = randomised([layer], x.shape)
    before = rig.outputs(x)
    seen = np.zeros((positions, positions), bool)
    for u in range(positions):
        changed = x.copy()
        changed[0, u] += change[0, u]
        seen[:, u] = (rig.outputs(changed) != before).any(axis=2)[0]
    return seen


@pytest.mark.parametrize("layer", [Attention(heads=2), Transformer(heads=2, blocks=2, rotary=True)])
def test_a_position_sees_itself_and_what_came_before_and_nothing_else(layer):
    assert (influence(layer) == np.tri(6, dtype=bool)).all()


@pytest.mark.parametrize("layer", [Attention(heads=2, causal=False), Transformer(heads=2, causal=False)])
def test_without_causality_every_position_sees_every_other(layer):
    assert influence(layer).all()


def test_rows_do_not_see_each_other():
    x = np.random.default_rng(1).normal(size=(3, 5, 4))
    rig = randomised([Transformer(heads=2)], x.shape)
    alone = randomised([Transformer(heads=2)], (1, 5, 4))
    together = rig.outputs(x)
    for row in range(3):
        np.testing.assert_allclose(together[row], alone.outputs(x[row : row + 1])[0], rtol=1e-12)


def test_attention_is_the_formula():
    x = np.random.default_rng(1).normal(size=(1, 5, 4))
    rig = randomised([Attention(heads=1, causal=False)], x.shape)
    q, k, v = np.split(x[0] @ rig.memory["attention1.qkv.weight"], 3, axis=1)
    p = np.exp(q @ k.T / np.sqrt(4))
    p /= p.sum(axis=1, keepdims=True)
    expected = p @ v @ rig.memory["attention1.out.weight"]
    np.testing.assert_allclose(rig.outputs(x)[0], expected, rtol=1e-12)
    np.testing.assert_allclose(rig.memory["attention1.weights"][0], p, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_of_attention_stay_finite_and_add_up_to_one_for_huge_scores(dtype):
    x = np.random.default_rng(1).normal(size=(1, 7, 4)) * 1e4
    rig = randomised([Attention(heads=2)], x.shape, dtype=dtype)
    assert np.isfinite(rig.outputs(x)).all()
    np.testing.assert_allclose(rig.memory["attention1.weights"].sum(axis=2), 1, rtol=1e-5)
    assert (rig.memory["attention1.weights"][:, ~np.tri(7, dtype=bool)] == 0).all()


def test_with_rotary_positions_only_the_distance_counts():
    """The same two vectors look at each other alike wherever they stand."""
    x = np.random.default_rng(1).normal(size=(1, 1, 8)).repeat(9, axis=1)
    rig = randomised([Attention(heads=1, causal=False, rotary=True)], x.shape)
    rig.outputs(x)
    score = np.log(rig.memory["attention1.weights"][0])
    score -= np.diag(score)[:, None]
    for distance in range(-4, 5):
        alike = np.diag(score, distance)
        np.testing.assert_allclose(alike, alike[0], atol=1e-12)
    assert np.ptp(score) > 0.1


def test_normalized_queries_and_keys_do_not_know_their_size():
    x = np.random.default_rng(1).normal(size=(1, 5, 4))
    rig = randomised([Attention(heads=2, qk_norm=True)], x.shape)
    rig.outputs(x)
    before = rig.memory["attention1.weights"].copy()
    rig.memory["attention1.qkv.weight"][:, :8] *= 100
    rig.outputs(x)
    assert relative_error(rig.memory["attention1.weights"], before) < 1e-4


def test_shared_keys_and_values_are_those_of_more_heads_made_equal():
    x = np.random.default_rng(1).normal(size=(2, 5, 8))
    few = randomised([Attention(heads=4, kv_heads=2)], x.shape)
    many = randomised([Attention(heads=4)], x.shape)
    few_qkv = few.memory["attention1.qkv.weight"]
    q, k, v = few_qkv[:, :8], few_qkv[:, 8:12], few_qkv[:, 12:]
    twice = [np.repeat(part.reshape(8, 2, 2), 2, axis=1).reshape(8, 8) for part in (k, v)]
    many.memory["attention1.qkv.weight"][...] = np.concatenate([q, *twice], axis=1)
    many.memory["attention1.out.weight"][...] = few.memory["attention1.out.weight"]
    np.testing.assert_allclose(few.outputs(x), many.outputs(x), rtol=1e-12)


def test_sinusoidal_positions_are_those_of_the_paper():
    rig = LayerRig([Position(kind="sinusoidal")], (1, 50, 6))
    y = rig.outputs(np.zeros((1, 50, 6)))[0]
    for t, i in ((0, 0), (3, 0), (3, 1), (49, 2)):
        angle = t / 10_000 ** (2 * i / 6)
        np.testing.assert_allclose(y[t, 2 * i : 2 * i + 2], [np.sin(angle), np.cos(angle)], atol=1e-14)
    assert rig.network.size == 0


def test_a_tied_table_is_one_parameter():
    io = IOSpec((5,), TOKENS, 5, (TOKENS,))
    tied = trace([Embedding(units=4), Unembed()], io)
    assert tied.shapes == {"embedding1.weight": (TOKENS, 4)}
    own = trace([Embedding(units=4), Unembed(tied=False)], io)
    assert own.shapes == {"embedding1.weight": (TOKENS, 4), "unembed2.weight": (4, TOKENS)}


def test_what_is_added_begins_smaller_the_more_blocks_there_are():
    rig = LayerRig([Transformer(blocks=8, heads=4, std=0.02)], (1, 2, 64))
    for name, std in (
        ("attend.attention2.qkv", 0.02),
        ("attend.attention2.out", 0.005),
        ("think.dense2", 0.02),
        ("think.dense3", 0.005),
    ):
        found = rig.memory[f"transformer1.block3.{name}.weight"].std()
        assert found == pytest.approx(std, rel=0.1), name


GPT = [
    {"layer": "embedding", "units": 16},
    {"layer": "position"},
    {"layer": "transformer", "heads": 2, "blocks": 2, "dropout": 0.1},
    {"layer": "layer_norm"},
    {"layer": "unembed"},
]


def gpt(**training) -> Trainer:
    rng = np.random.default_rng(0)
    x = rng.integers(0, TOKENS, (60, 6)).astype(training.get("precision", "float32"))
    y = np.where(rng.random((60, 6)) < 0.3, -1, rng.integers(0, TOKENS, (60, 6))).astype(x.dtype)
    rows = Rows(x, y)
    names = tuple("abcdefghij\n")
    pipeline = Pipeline(NextToken(), (), ("next",), names, tokens="character", text="lines")
    dataset = Dataset(NextToken(), rows, rows, rows, pipeline, (TOKENS,))
    tree = {
        "data": {"source": "names"},
        "model": GPT,
        "loss": {"name": "cross_entropy"},
        "training": {"batch_size": 12, "steps": 8, **training},
    }
    trainer = Trainer(experiment_from(tree), dataset, threads=1)
    trainer.start()
    return trainer


def trained(**training) -> dict[str, np.ndarray]:
    trainer = gpt(**training)
    while not trainer.finished:
        trainer.advance()
    return {name: trainer.memory[name].copy() for name in trainer.network.shapes}


def test_a_fresh_gpt_holds_all_tokens_for_equally_likely():
    trainer = gpt()
    trainer.advance(limit=1)
    assert trainer.chunk.losses[0] == pytest.approx(np.log(TOKENS), rel=0.2)


def test_shards_and_accumulation_give_the_gradient_of_the_whole_batch():
    """Also with dropout, and with targets that do not count, of which shards have different numbers."""
    whole = trained(precision="float64")
    for cut in ({"shards": 3}, {"batch_size": 6, "accumulate": 2}):
        for name, found in trained(precision="float64", **cut).items():
            np.testing.assert_allclose(found, whole[name], rtol=1e-7, atol=1e-10, err_msg=name)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Attention(heads=3)], "heads = 3 does not divide the width 8"),
        ([Attention(heads=4, kv_heads=3)], "kv_heads = 3 does not divide heads = 4"),
        ([Attention(heads=8, rotary=True)], "rotary needs heads of even width, they are 1 wide"),
        ([Transformer(heads=3)], r"model.1 \(transformer\): heads = 3 does not divide the width 8"),
        ([Unembed(), Attention()], "heads = 4 does not divide the width 11"),
    ],
)
def test_what_does_not_fit_is_refused_with_one_line(layers, message):
    with pytest.raises(InputError, match=message) as caught:
        trace([Embedding(units=8), *layers], IOSpec((5,), TOKENS, 5, (TOKENS,)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Attention(), (8,), r"needs positions \(N, T, D\), the input is \(8,\) a row"),
        (Transformer(), (8,), r"needs positions \(N, T, D\)"),
        (Position(), (8,), r"needs positions \(N, T, D\)"),
        (Embedding(), (8,), "needs numbers of tokens, its input holds measurements; expected a text"),
        (Unembed(), (5, 8), "there is no embedding before it; set tied = false"),
    ],
)
def test_layers_of_language_refuse_other_data(layer, shape, message):
    with pytest.raises(InputError, match=message):
        trace([layer], IOSpec(shape, 3))


def test_an_embedding_of_another_width_cannot_be_tied():
    layers = [Embedding(units=8), Unembed(tied=False), Unembed()]
    with pytest.raises(InputError, match="the embedding is 8 wide, the input 11; set tied = false"):
        trace(layers, IOSpec((5,), TOKENS, 5, (TOKENS,)))


def test_one_thread_and_two_give_the_same_bits(monkeypatch):
    monkeypatch.setattr("engine.trainer.SERIAL_WORK", 0)
    found = []
    for threads in (1, 2):
        trainer = gpt(shards=2)
        trainer.threads = threads
        assert trainer.parallel == (threads == 2)
        while not trainer.finished:
            trainer.advance()
        found.append({name: trainer.memory[name].tobytes() for name in trainer.network.shapes})
    assert found[0] == found[1]
