"""Recurrent layers: gradients, values of PyTorch's, one position at a time, shards, and what they are not given."""

import numpy as np
import pytest

from engine.builder import Builder, IOSpec
from engine.component import build
from engine.errors import InputError
from engine.layers import Layer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.recurrent import Gru, Lstm, Recurrent, Rnn
from engine.layers.shape import Reshape
from engine.machine.memory import Memory
from engine.network import initialize, lay_out, trace
from helpers.golden import golden, golden_case, relative_error
from helpers.rigs import LayerRig, damage, run

LIMIT = 1e-6
PRECISION = {"float32": 2e-5, "float64": 1e-12}
KINDS = {"rnn": Rnn, "gru": Gru, "lstm": Lstm}
CASES = sorted({name.split("/")[1] for name in golden() if name.startswith("recurrent/")})


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape)


def layer_of(case: str) -> Recurrent:
    """The layer of a golden case: "rnn_relu_deep_last"."""
    kind, *rest = case.split("_")
    deep = {"layers": 2, "bidirectional": True} if "deep" in rest else {}
    relu = {"activation": "relu"} if "relu" in rest else {}
    return KINDS[kind](units=3, output=rest[-1], **deep, **relu)


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_those_of_pytorch(case, dtype):
    values = golden_case(f"recurrent/{case}")
    rig = LayerRig([layer_of(case)], values["x"].shape, dtype=dtype)
    for name in rig.tensors():
        if name != "input":
            rig.memory[name][...] = values[name]
    assert relative_error(rig.outputs(values["x"]), values["y"]) < PRECISION[dtype]
    rig.backward(values["dy"])
    for name, (_, gradient) in rig.tensors().items():
        expected = values["dx"] if name == "input" else values[f"d {name}"]
        assert relative_error(gradient, expected) < PRECISION[dtype], name


@pytest.mark.parametrize("data", [False, True], ids=["inside", "on the data"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 4), (5, 2, 17)], ids=str)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_gradients(kind, shape, data):
    layers = [kind(units=4, layers=2, dropout=0.3), kind(units=2, bidirectional=True, output="last")]
    rig = LayerRig(layers, shape, data=data, guarded=True)
    assert rig.gradient_error(numbers(*shape)) < LIMIT
    assert damage(rig.memory) == []


def test_gradients_of_a_rectified_state():
    rig = LayerRig([Rnn(units=5, activation="relu")], (4, 6, 3))
    assert rig.gradient_error(numbers(4, 6, 3)) < LIMIT


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_shards_give_what_the_whole_batch_gives(kind):
    """40 rows and 160 units make several small products of each step's."""
    rig, x = LayerRig([kind(units=160)], (40, 3, 5), dtype="float32"), numbers(40, 3, 5)
    y, dy = rig.outputs(x), numbers(40, 3, 160)
    rig.backward(dy)
    whole = {name: gradient.copy() for name, (_, gradient) in rig.tensors().items()}
    parts = []
    for first in (0, 20):
        part = LayerRig([kind(units=160)], (20, 3, 5), dtype="float32", first=first, batch=40)
        np.testing.assert_allclose(part.outputs(x[first : first + 20]), y[first : first + 20], atol=1e-5)
        part.backward(dy[first : first + 20])
        parts.append({name: gradient.copy() for name, (_, gradient) in part.tensors().items()})
    for name, gradient in whole.items():
        join = np.concatenate if name == "input" else sum
        assert relative_error(join([part[name] for part in parts]), gradient) < 1e-5, name


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_one_position_at_a_time_gives_what_the_whole_window_gives(kind, dtype):
    layers = [Embedding(units=5), kind(units=6, layers=2, dropout=0.5), kind(units=3)]
    io = IOSpec((9,), 3, positions=9, vocabulary=(7,))
    network = trace(layers, io, dtype)
    tokens = np.random.default_rng(1).integers(0, 7, (1, 9))

    def planned(streaming: bool, length: int):
        memory = Memory(dtype)
        lay_out(memory, network)
        net = Builder(memory, "copy", io, streaming=streaming)
        x = net.input((1, length))
        y = net.sequence(layers, x)
        memory.allocate()
        initialize(memory, network, 1)
        return x, y, run(net.forward, memory.dtype), memory

    x, y, forward, _ = planned(streaming=False, length=9)
    x.array[...] = tokens
    forward()
    one_x, one_y, step, memory = planned(streaming=True, length=1)
    assert "position" not in memory.areas  # so it may go on for ever
    for t in range(9):
        one_x.array[...] = tokens[:, t : t + 1]
        step()
        np.testing.assert_allclose(one_y.array[:, 0], y.array[:, t], rtol=PRECISION[dtype], atol=1e-6)


def test_both_directions_cannot_go_one_position_at_a_time():
    io = IOSpec((9,), 4, positions=9, vocabulary=(7,))
    net = Builder(Memory("float32"), "copy", io, streaming=True)
    with pytest.raises(InputError, match=r"model\.1 \(gru\): cannot see one position at a time"):
        net.sequence([Embedding(units=5), Gru(bidirectional=True)], net.input((1, 1)))


def test_a_state_begins_at_zero_and_a_second_pass_begins_anew():
    rig, x = LayerRig([Lstm(units=3)], (2, 4, 3)), numbers(2, 4, 3)
    first = rig.outputs(x)
    rig.outputs(2 * x)
    np.testing.assert_array_equal(rig.outputs(x), first)


def test_parameters_begin_as_in_pytorch_and_the_forget_gate_open():
    rig = LayerRig([Lstm(units=64)], (1, 2, 3))
    for name in ("weight", "recurrent_weight"):
        weights = rig.memory[f"lstm1.layer1.{name}"]
        assert 0.11 < np.abs(weights).max() <= 1 / 8
        assert abs(weights.std() - 1 / 8 / np.sqrt(3)) < 0.01
    np.testing.assert_array_equal(rig.memory["lstm1.layer1.bias"], np.repeat([0.0, 1.0, 0.0, 0.0], 64))


def test_dropout_between_layers_drops_in_training_only():
    layers = [Gru(units=8, layers=2, dropout=0.9)]
    train, plain = (LayerRig(layers, (4, 5, 3), training=training) for training in (True, False))
    assert (train.outputs(numbers(4, 5, 3)) != plain.outputs(numbers(4, 5, 3))).any()
    assert "gru1.layer2.dropout.mask" in train.memory.areas["shard0"].tensors
    assert Dropout.streams


@pytest.mark.parametrize(
    ("shape", "vocabulary", "message"),
    [
        (
            (40,),
            (),
            r"model\.0 \(lstm\): needs steps \(N, T, I\), .* \(40,\) a row; put .* shape = \[40, 1\]",
        ),
        ((16,), (27,), r'the input are tokens; put \{ layer = "embedding" \} before it'),
        ((8, 6, 2), (), r"\(8, 6, 2\) a row; .* shape = \[8, 12\]"),
    ],
)
def test_an_input_without_steps_is_told(shape, vocabulary, message):
    with pytest.raises(InputError, match=message):
        trace([Lstm()], IOSpec(shape, 3, vocabulary=vocabulary))


def test_rows_of_numbers_are_taken_step_by_step_behind_a_reshape():
    network = trace([Reshape(shape=[40, 1]), Gru(units=6, bidirectional=True), Dense()], IOSpec((40,), 10))
    assert [block.shape for block in network.blocks] == [(40, 1), (40, 12), (10,)]


def test_a_field_out_of_range_is_told_by_its_path():
    with pytest.raises(InputError, match=r"model\.0\.units = 0"):
        build(list[Layer], [{"layer": "gru", "units": 0}], "model")
