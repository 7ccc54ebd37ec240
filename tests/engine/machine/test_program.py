import numpy as np
import pytest

from engine.machine.kernel import KERNELS, Operand, kernel
from engine.machine.memory import Area, Tensor
from engine.machine.program import Operation, Phase, Program, flattened


@kernel
def scaled_sum(x: "N,I", y: "N,I", scale: "float64[1]", offset: "int"):
    for n in range(x.shape[0]):
        for i in range(x.shape[1]):
            y[n, i] += x[n, i] * x.dtype.type(scale[0]) + offset


KERNELS.pop("scaled_sum")  # of this test alone: not for `warmup`


def tensors(dtype: str = "float32") -> tuple[Tensor, Tensor, Tensor]:
    area, numbers = Area("work", np.dtype(dtype)), Area("numbers", np.dtype("float64"))
    x, y, scale = area.tensor("x", (2, 3)), area.tensor("y", (2, 3)), numbers.tensor("scale", (1,))
    area.allocate()
    numbers.allocate()
    x.array[...] = np.arange(6).reshape(2, 3)
    scale.array[0] = 10
    return x, y, scale


def test_an_annotation_says_shape_and_element_type():
    assert Operand.parse("x", "N,I") == Operand("x", ("N", "I"), "real")
    assert Operand.parse("clock", "int64[8]") == Operand("clock", ("8",), "int64")
    assert Operand.parse("start", "int") == Operand("start", (), "int")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_native_and_plain_python_give_the_same(dtype):
    from engine.machine.vm import run_lanes

    x, y, scale = tensors(dtype)
    operation = Operation.of(scaled_sum, x=x, y=y, scale=scale, offset=5)
    program = Program([Phase("test", [[operation, operation]])], dtype)
    run_lanes(False)(program.headers[0])
    expected = np.zeros((2, 3))
    for _ in range(2):
        scaled_sum(x.array, expected, scale.array, 5)
    assert (y.array == expected).all()


def test_lanes_of_different_length_all_run():
    from engine.machine.vm import run_lanes

    for parallel in (False, True):
        x, y, scale = tensors()
        one = Operation.of(scaled_sum, x=x.rows(0, 1), y=y.rows(0, 1), scale=scale, offset=0)
        other = Operation.of(scaled_sum, x=x.rows(1, 2), y=y.rows(1, 2), scale=scale, offset=0)
        program = Program([Phase("test", [[one], [other, other]])], "float32")
        run_lanes(parallel)(program.headers[0])
        assert y.array.tolist() == [[0, 10, 20], [60, 80, 100]]


def test_shapes_that_disagree_are_refused_when_the_row_is_built():
    x, y, scale = tensors()
    with pytest.raises(ValueError, match="scaled_sum: y .* N is 2"):
        Operation.of(scaled_sum, x=x, y=y.rows(0, 1), scale=scale, offset=0)
    with pytest.raises(ValueError, match="1 is 1|but 1"):
        Operation.of(scaled_sum, x=x, y=y, scale=x, offset=0)


def test_an_operand_named_d_is_the_gradient():
    area = Area("work", np.dtype("float32"))
    dx = area.tensor("dx", (4,))
    x = area.tensor("x", (4,), dx)

    @kernel
    def double_gradient(x: "N", dx: "N"):
        pass

    KERNELS.pop("double_gradient")
    assert Operation.of(double_gradient, x=x).operands == (x, dx)
    with pytest.raises(ValueError, match="has no gradient"):
        Operation.of(double_gradient, x=dx)


def test_a_shape_is_seen_with_as_many_axes_as_the_kernel_wants():
    assert flattened((4, 8, 8, 1), 2) == (4, 64)
    assert flattened((4, 8), 1) == (32,)
    assert flattened((4,), 2) == (4, 1)
