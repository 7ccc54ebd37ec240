"""Convolution: neighbourhoods unfolded into the rows of a matrix, a few images at a time, and one product.

An image (H, W, C) is seen as H lines of V = W·C numbers, and a sequence as an image of one line. A padded copy of
the image spares the unfolding all questions about borders. `tall` is the kernel's height, `down` and `across` its
strides, `top` and `left` the padding; widths count numbers, not pixels.
"""

import numpy as np

from engine.jit import device, kernel
from engine.kernels.dense import column_sums
from engine.kernels.maths import ZERO


@kernel
def convolution_forward(
    x: "N,H,V", w: "F,O", b: "B", y: "N,P,Q,O", padded: "A,E", patches: "R,F",
    tall: "int", top: "int", left: "int", down: "int", across: "int",
):  # fmt: skip
    """y = patches(x)·w + b; without a bias B is 0."""
    N, P, Q, O = y.shape
    rows = y.reshape(N * P * Q, O)
    images = patches.shape[0] // (P * Q)
    for first in range(0, N, images):
        last = min(first + images, N)
        part = patches[: (last - first) * P * Q]
        unfold_images(x[first:last], padded, part, P, Q, tall, top, left, down, across)
        block = rows[first * P * Q : last * P * Q]
        np.dot(part, w, block)
        if b.size:
            for r in range(block.shape[0]):
                for o in range(O):
                    block[r, o] += b[o]


@kernel
def convolution_backward(
    x: "N,H,V", w: "F,O", dy: "N,P,Q,O", dx: "M,H,V", dw: "F,O", db: "B", padded: "A,E", patches: "R,F",
    part: "F,O", tall: "int", top: "int", left: "int", down: "int", across: "int",
):  # fmt: skip
    """dx has no rows when x is the data: nobody needs its gradient."""
    N, P, Q, O = dy.shape
    rows = dy.reshape(N * P * Q, O)
    images = patches.shape[0] // (P * Q)
    dw[:] = ZERO
    for first in range(0, N, images):
        last = min(first + images, N)
        unfolded = patches[: (last - first) * P * Q]
        unfold_images(x[first:last], padded, unfolded, P, Q, tall, top, left, down, across)
        block = rows[first * P * Q : last * P * Q]
        np.dot(unfolded.T, block, part)
        for f in range(dw.shape[0]):
            for o in range(O):
                dw[f, o] += part[f, o]
        if dx.size:
            np.dot(block, w.T, unfolded)
            fold_images(unfolded, padded, dx[first:last], P, Q, tall, top, left, down, across)
    if db.size:
        column_sums(rows, db)


@device
def unfold_images(x, padded, patches, P, Q, tall, top, left, down, across):
    """A row of patches (n·P·Q, F) for each place of each image: the `tall` pieces of lines that its window shows."""
    N, H, V = x.shape
    piece = patches.shape[1] // tall
    padded[:] = ZERO
    for n in range(N):
        for h in range(H):
            for v in range(V):
                padded[top + h, left + v] = x[n, h, v]
        for p in range(P):
            for q in range(Q):
                for k in range(tall):
                    for i in range(piece):
                        patches[(n * P + p) * Q + q, k * piece + i] = padded[p * down + k, q * across + i]


@device
def fold_images(patches, padded, dx, P, Q, tall, top, left, down, across):
    """The other way: what the windows say of a number is added up."""
    N, H, V = dx.shape
    piece = patches.shape[1] // tall
    for n in range(N):
        padded[:] = ZERO
        for p in range(P):
            for q in range(Q):
                for k in range(tall):
                    for i in range(piece):
                        padded[p * down + k, q * across + i] += patches[(n * P + p) * Q + q, k * piece + i]
        for h in range(H):
            for v in range(V):
                dx[n, h, v] = padded[top + h, left + v]
