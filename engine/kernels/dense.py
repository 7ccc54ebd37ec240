"""Dense: y = x·w + b, and its gradients."""

import numpy as np

from engine.jit import device, kernel

# Below this many multiplications a plain loop is done before BLAS has looked at its arguments.
SMALL = 4096


@kernel
def dense_forward(x: "N,I", w: "I,O", b: "O", y: "N,O"):
    N, I = x.shape
    O = b.size
    if N * I * O <= SMALL:
        for n in range(N):
            for o in range(O):
                y[n, o] = b[o]
            for i in range(I):
                for o in range(O):
                    y[n, o] += x[n, i] * w[i, o]
    else:
        np.dot(x, w, y)
        for n in range(N):
            for o in range(O):
                y[n, o] += b[o]


@kernel
def dense_backward(x: "N,I", w: "I,O", dy: "N,O", dx: "M,I", dw: "I,O", db: "O"):
    """dx has no rows when x is the data: nobody needs its gradient."""
    N, I = x.shape
    O = db.size
    column_sums(dy, db)
    if N * I * O <= SMALL:
        dw[:] = 0
        for n in range(N):
            for i in range(I):
                for o in range(O):
                    dw[i, o] += x[n, i] * dy[n, o]
        if dx.size:
            for n in range(N):
                for i in range(I):
                    total = dx.dtype.type(0)
                    for o in range(O):
                        total += dy[n, o] * w[i, o]
                    dx[n, i] = total
    else:
        np.dot(x.T, dy, dw)
        if dx.size:
            np.dot(dy, w.T, dx)


@device
def column_sums(a, sums):
    sums[:] = 0
    for n in range(a.shape[0]):
        for o in range(a.shape[1]):
            sums[o] += a[n, o]
