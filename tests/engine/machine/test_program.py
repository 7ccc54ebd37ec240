import ast
import inspect
from dataclasses import replace

import numpy as np
import pytest

from engine.machine.kernel import KERNELS, Kernel, Operand, kernel
from engine.machine.memory import Area, Tensor
from engine.machine.operation import Operation, flattened
from engine.machine.program import Phase, Program, all_kernels


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


@kernel
def look_up(ids: "N,2 below A,B", a: "A", b: "B", y: "N", start: "int below A - N + 1"):
    pass


KERNELS.pop("look_up")


def table(rows: int = 2, *, vocabulary: tuple[int, ...] = (), least: int = 0) -> dict[str, Tensor]:
    area = Area("work", np.dtype("float32"))
    found = {name: area.tensor(name, shape) for name, shape in (("ids", (rows, 2)), ("a", (5,)), ("b", (3,)))}
    found["ids"] = replace(found["ids"], vocabulary=vocabulary, least=least)
    return found | {"y": area.tensor("y", (rows,))}


def test_an_annotation_says_how_far_an_index_may_go():
    assert Operand.parse("ids", "N,2 below U,I") == Operand("ids", ("N", "2"), "real", ("U", "I"))
    assert Operand.parse("t", "N,1 below C or -1") == Operand("t", ("N", "1"), "real", ("C",), -1)
    gathered = Operand.parse("rows", "int64[N] below (L - F) // stride + 1")
    assert gathered.bounds({"L": 100, "F": 10, "stride": 3}) == (31,)
    assert Operand.parse("column", "int below C") == Operand("column", (), "int", ("C",))


@pytest.mark.parametrize("known", [(5, 3), (3,), (1, 1)])
def test_an_index_that_is_known_to_stay_below_its_bound_is_taken(known):
    Operation.of(look_up, **table(vocabulary=known), start=3)


@pytest.mark.parametrize(
    ("known", "least", "message"),
    [
        ((), 0, "look_up: ids .* is an index, but what it holds is not known"),
        ((5, 0), 0, "is not known to be one"),
        ((5, 4), 0, "may hold 3, expected 2 or below"),
        ((5,), 0, "may hold 4, expected 2 or below"),
        ((5, 3), -1, "may hold -1, expected 0 or above"),
        ((5, 3, 1), 0, "has 3 columns, expected 2"),
    ],
)
def test_an_index_that_is_not_known_to_stay_below_its_bound_is_refused(known, least, message):
    with pytest.raises(ValueError, match=message):
        Operation.of(look_up, **table(vocabulary=known, least=least), start=0)


@pytest.mark.parametrize("start", [-1, 4])
def test_a_place_beyond_its_bound_is_refused(start):
    with pytest.raises(ValueError, match=f"look_up: start is {start}, expected 0 to 3"):
        Operation.of(look_up, **table(vocabulary=(5, 3)), start=start)


def test_what_is_known_of_an_index_stays_with_its_rows_and_with_shapes_that_keep_the_columns():
    ids = table(rows=4, vocabulary=(5, 3))["ids"]
    assert ids.rows(1, 3).vocabulary == ids.reshaped((2, 2, 2)).vocabulary == (5, 3)
    assert ids.reshaped((8,)).vocabulary == ()
    assert table(vocabulary=(3,))["ids"].reshaped((4, 1)).vocabulary == (3,)


def test_an_element_type_that_the_kernel_does_not_read_is_refused_when_the_row_is_built():
    x, y, scale = tensors("float32")
    twice, _, half = tensors("float64")
    whole = Area("whole", np.dtype("int64")).tensor("whole", (2, 3))
    with pytest.raises(ValueError, match=r"scaled_sum: y \(x\) holds float64, the kernel reads float32"):
        Operation.of(scaled_sum, x=x, y=twice, scale=scale, offset=0)
    with pytest.raises(ValueError, match=r"x \(whole\) holds int64"):
        Operation.of(scaled_sum, x=whole, y=whole, scale=scale, offset=0)
    single = Area("single", np.dtype("float32")).tensor("single", (1,))
    with pytest.raises(ValueError, match=r"scale \(single\) holds float32, the kernel reads float64"):
        Operation.of(scaled_sum, x=x, y=y, scale=single, offset=0)
    with pytest.raises(ValueError, match="offset is Tensor"):
        Operation.of(scaled_sum, x=x, y=y, scale=scale, offset=half)
    with pytest.raises(ValueError, match="y is 7, expected real"):
        Operation.of(scaled_sum, x=x, y=7, scale=scale, offset=0)


def test_a_program_of_another_precision_than_its_tensors_is_refused():
    x, y, scale = tensors("float32")
    operation = Operation.of(scaled_sum, x=x, y=y, scale=scale, offset=0)
    with pytest.raises(ValueError, match=r"x \(x\) holds float32, the program computes in float64"):
        Program([Phase("test", [[operation]])], "float64")


def test_a_tensor_that_reaches_beyond_its_area_is_refused():
    x, y, scale = tensors()
    for offset in (-1, x.area.size - 5):
        with pytest.raises(ValueError, match=r"scaled_sum: y \(y\) lies outside its area 'work'"):
            Operation.of(scaled_sum, x=x, y=replace(y, offset=offset), scale=scale, offset=0)


# Indices that a kernel bounds itself, and how.
BOUNDED = {
    "draw_batch.clock": "a remainder",
    "shift.pixels": "bent back into the image",
    "rotate.degrees": "bent back into the image",
    "cutout.size": "cut off at the edges of the image",
}


def values_behind(expression: ast.AST, arrays: set[str], behind: dict[str, set[str]]) -> set[str]:
    """The operands whose values an expression depends on."""
    found: set[str] = set()
    for node in ast.walk(expression):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in arrays:
            found.add(node.value.id)
        if isinstance(node, ast.Name):
            found |= behind.get(node.id, set())
    return found


def operands_read_by(kernel: Kernel) -> set[str]:
    """The operands whose values say which element of another one the kernel reads or writes."""
    tree = ast.parse(inspect.getsource(kernel.function))
    arrays = {operand.name for operand in kernel.operands if operand.dtype != "int"}
    behind: dict[str, set[str]] = {}
    given = [(node.targets[0], node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    given += [(node.target, node.iter) for node in ast.walk(tree) if isinstance(node, ast.For)]
    for _ in given:  # a name may take its values from one that stands further down
        for target, value in given:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = value.elts if isinstance(value, ast.Tuple) else [value] * len(names)
            for name, part in zip(names, values, strict=True):
                if isinstance(name, ast.Name):
                    found = values_behind(part, arrays, behind)
                    behind[name.id] = behind.get(name.id, set()) | found
    indices = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    return set().union(*(values_behind(index, arrays, behind) for index in indices))


def test_every_kernel_that_reads_by_what_an_operand_holds_says_how_far_it_may_go():
    found = {f"{k.name}.{name}": k for k in all_kernels() for name in operands_read_by(k)}
    assert {"gather.indices", "embed_forward.ids", "cross_entropy.t", "attention_stream.position"} <= set(
        found
    )
    undeclared = [
        name
        for name, kernel in found.items()
        if not next(o for o in kernel.operands if o.name == name.split(".")[1]).below
    ]
    assert sorted(undeclared) == sorted(BOUNDED)
