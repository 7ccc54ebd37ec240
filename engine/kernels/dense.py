"""Dense: y = x·w + b, and its gradients."""

import numpy as np

from engine.machine.kernel import device, kernel, product_kernel


@product_kernel("N,I,O")
def dense_forward(x: "N,I", w: "I,O", b: "O", y: "N,O"):
    np.dot(x, w, y)
    for n in range(y.shape[0]):
        for o in range(y.shape[1]):
            y[n, o] += b[o]


@kernel
def dense_backward(x: "N,I", w: "I,O", dy: "N,O", dx: "M,I", dw: "I,O", db: "O"):
    """dx has no rows when x is the data: nobody needs its gradient."""
    np.dot(x.T, dy, dw)
    column_sums(dy, db)
    if dx.size:
        np.dot(dy, w.T, dx)


@product_kernel("N,I,O")
def project_forward(x: "N,I", w: "I,O", y: "N,O"):
    """Without a bias."""
    np.dot(x, w, y)


@kernel
def project_backward(x: "N,I", w: "I,O", dy: "N,O", dx: "M,I", dw: "I,O"):
    np.dot(x.T, dy, dw)
    if dx.size:
        np.dot(dy, w.T, dx)


@device
def column_sums(a, sums):
    """sums (O,) = Σ over the rows of a (N, O), four rows at a time to spare loads and stores of the sums."""
    N, O = a.shape
    whole = N - N % 4
    sums[:] = 0
    for n in range(0, whole, 4):
        for o in range(O):
            sums[o] += (a[n, o] + a[n + 1, o]) + (a[n + 2, o] + a[n + 3, o])
    for n in range(whole, N):
        for o in range(O):
            sums[o] += a[n, o]
