"""Matrix products with strides, in native code, against NumPy."""

from functools import cache

import numpy as np
import pytest

from engine.kernels import products
from engine.machine.compiler import native
from engine.machine.settings import OPTIONS

PRECISION = {"float32": 1e-5, "float64": 1e-13}
SHAPES = [
    (1, 1, 1),
    (3, 1, 4),
    (1, 5, 4),
    (4, 5, 1),
    (1, 4, 1),
    (5, 1, 1),
    (1, 1, 6),
    (7, 9, 5),
    (64, 32, 48),
]


@cache
def compiled():
    from engine.machine.numba_extensions import blas  # noqa: F401  gives native code its products

    numba = native()
    signatures = [f"void({', '.join([f'{dtype}[:, :]'] * 3)})" for dtype in PRECISION]  # of any layout
    functions = (products.product, products.add_product)
    sources = [eval("lambda a, b, out: f(a, b, out)", {"f": f}) for f in functions]
    return [numba.njit(signatures, **OPTIONS)(source) for source in sources]


def layouts(a: np.ndarray) -> list[np.ndarray]:
    """The same matrix: on its own, transposed, and within wider ones."""
    rows, columns = a.shape
    wide = np.full((rows + 2, columns + 5), np.nan, a.dtype)
    tall = np.full((columns + 3, rows + 1), np.nan, a.dtype)
    within, turned = wide[1 : rows + 1, 2 : columns + 2], tall[2 : columns + 2, :rows].T
    within[...], turned[...] = a, a
    return [a, a.T.copy().T, within, turned]


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products_of_parts_and_transposes_are_those_of_numpy(shape, dtype):
    n, i, o = shape
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(n, i)).astype(dtype), rng.normal(size=(i, o)).astype(dtype)
    before = rng.normal(size=(n, o)).astype(dtype)
    product, add_product = compiled()
    for x in layouts(a):
        for y in layouts(b):
            for out in (before.copy(), np.zeros((n + 1, o + 3), dtype)[:n, 2 : o + 2]):
                out[...] = before
                add_product(x, y, out)
                np.testing.assert_allclose(out, before + a @ b, rtol=PRECISION[dtype], atol=PRECISION[dtype])
                out[...] = np.nan  # what stood there before does not matter
                product(x, y, out)
                np.testing.assert_allclose(out, a @ b, rtol=PRECISION[dtype], atol=PRECISION[dtype])


def test_nothing_is_written_beside_the_part():
    a = np.ones((4, 3), np.float32)
    whole = np.full((6, 8), 7, np.float32)
    compiled()[0](a, a.T, whole[1:5, 2:6])
    assert (whole[1:5, 2:6] == 3).all()
    whole[1:5, 2:6] = 7
    assert (whole == 7).all()


def test_the_plain_functions_do_the_same():
    a, out = np.arange(6.0).reshape(2, 3), np.ones((2, 2))
    products.add_product(a, a.T, out)
    assert (out == a @ a.T + 1).all()
    products.product(a, a.T, out)
    assert (out == a @ a.T).all()
