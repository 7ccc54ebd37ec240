"""Convolution: neighborhoods unfolded into the rows of a matrix, a few images at a time, and one product.

An image (H, W, C) is seen as H lines of V = W·C numbers, and a sequence as an image of one line. A padded copy of
the image spares the unfolding all questions about borders. `tall` is the kernel's height, `down` and `across` its
strides, `top` and `left` the padding; widths count numbers, not pixels.
"""

from engine.kernels.dense import column_sums
from engine.kernels.maths import ZERO
from engine.kernels.products import add_product, product
from engine.machine.kernel import device, kernel, product_kernel

SHORT = 8  # numbers: copying a shorter piece costs more than its length


@product_kernel("N,P,Q,F,O")
def convolution_forward(
    x: "N,H,V", w: "F,O", b: "B", y: "N,P,Q,O", padded: "A,E", patches: "R,F",
    tall: "int", top: "int", left: "int", down: "int", across: "int",
):  # fmt: skip
    """y = patches(x)·w + b; without a bias B is 0."""
    N, P, Q, O = y.shape
    rows = y.reshape(N * P * Q, O)
    images = patches.shape[0] // (P * Q)
    padded[:] = ZERO
    for first in range(0, N, images):
        last = min(first + images, N)
        part, block = patches[: (last - first) * P * Q], rows[first * P * Q : last * P * Q]
        unfold_images(x[first:last], padded, part, P, Q, tall, top, left, down, across)
        product(part, w, block)
        if b.size:
            for r in range(block.shape[0]):
                for o in range(O):
                    block[r, o] += b[o]


@kernel
def convolution_backward(
    x: "N,H,V", w: "F,O", dy: "N,P,Q,O", dx: "M,H,V", dw: "F,O", db: "B", padded: "A,E", sums: "A,E",
    patches: "R,F", tall: "int", top: "int", left: "int", down: "int", across: "int",
):  # fmt: skip
    """dx has no rows when x is the data: nobody needs its gradient."""
    N, P, Q, O = dy.shape
    rows = dy.reshape(N * P * Q, O)
    images = patches.shape[0] // (P * Q)
    padded[:] = ZERO
    dw[:] = ZERO
    for first in range(0, N, images):
        last = min(first + images, N)
        part, block = patches[: (last - first) * P * Q], rows[first * P * Q : last * P * Q]
        unfold_images(x[first:last], padded, part, P, Q, tall, top, left, down, across)
        add_product(part.T, block, dw)
        if dx.size:
            product(block, w.T, part)
            fold_images(part, sums, dx[first:last], P, Q, tall, top, left, down, across)
    if db.size:
        column_sums(rows, db)


@device
def unfold_images(x, padded, patches, P, Q, tall, top, left, down, across):
    """A row of patches (n·P·Q, F) for each place of each image: the `tall` pieces of lines that its window shows."""
    N, H, V = x.shape
    piece = patches.shape[1] // tall
    for n in range(N):
        for h in range(H):
            copy(x[n, h], padded[top + h, left : left + V])
        for p in range(P):
            first = (n * P + p) * Q
            for k in range(tall):
                line, start = padded[p * down + k], k * piece
                if piece < SHORT:  # few channels: along the line instead
                    for i in range(piece):
                        for q in range(Q):
                            patches[first + q, start + i] = line[q * across + i]
                else:
                    for q in range(Q):
                        copy(
                            line[q * across : q * across + piece],
                            patches[first + q, start : start + piece],
                        )


@device
def fold_images(patches, sums, dx, P, Q, tall, top, left, down, across):
    """The other way: what the windows say of a number is added up."""
    N, H, V = dx.shape
    piece = patches.shape[1] // tall
    for n in range(N):
        sums[:] = ZERO
        for p in range(P):
            first = (n * P + p) * Q
            for k in range(tall):
                line, start = sums[p * down + k], k * piece
                for q in range(Q):
                    add(patches[first + q, start : start + piece], line[q * across : q * across + piece])
        for h in range(H):
            copy(sums[top + h, left : left + V], dx[n, h])


@device
def copy(source, target):
    for i in range(target.size):
        target[i] = source[i]


@device
def add(source, target):
    for i in range(target.size):
        target[i] += source[i]
