"""Tokens and positions: rows of a table looked up by number, and the table used the other way round."""

import numpy as np

from engine.kernels.maths import ZERO
from engine.kernels.products import add_product
from engine.machine.kernel import kernel, product_kernel


@product_kernel("N,D")
def embed_forward(ids: "N below V", table: "V,D", y: "N,D"):
    for n in range(ids.size):
        row = int(ids[n])
        for d in range(table.shape[1]):
            y[n, d] = table[row, d]


@kernel
def embed_backward(ids: "N below V", dtable: "V,D", dy: "N,D"):
    """Adds to dtable: other uses of the table may have left their part there."""
    for n in range(ids.size):
        row = int(ids[n])
        for d in range(dtable.shape[1]):
            dtable[row, d] += dy[n, d]


@product_kernel("1")
def clear_gradient(dtable: "N"):
    """Before the first use of a table whose gradient is added up over its uses."""
    dtable[:] = ZERO


@product_kernel("N,V,D")
def unembed_forward(x: "N,D", table: "V,D", y: "N,V"):
    np.dot(x, table.T, y)


@kernel
def unembed_backward(x: "N,D", table: "V,D", dy: "N,V", dx: "N,D", dtable: "V,D"):
    np.dot(dy, table, dx)
    add_product(dy.T, x, dtable)


@kernel
def position_forward(x: "N,T,D", table: "C,D", y: "N,T,D", position: "int64[1] below C - T + 1"):
    """Row n, t gets the table's row position + t: position is 0 but for a network that sees one at a time."""
    N, T, D = x.shape
    for n in range(N):
        for t in range(T):
            for d in range(D):
                y[n, t, d] = x[n, t, d] + table[position[0] + t, d]


@kernel
def position_backward(dy: "N,T,D", dtable: "T,D"):
    """The gradient of x is that of y, and shares its place."""
    N, T, D = dy.shape
    dtable[:] = ZERO
    for n in range(N):
        for t in range(T):
            for d in range(D):
                dtable[t, d] += dy[n, t, d]
