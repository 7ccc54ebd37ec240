"""Pooling: the largest or the mean value of each window, for each channel; and the way up again.

Windows reach over `tall` lines and `wide` columns, `down` and `across` apart; the first begins `top` lines above the
image and `left` columns before it. What lies outside does not count.
"""

from engine.kernels.maths import ONE, ZERO
from engine.machine.kernel import kernel


@kernel
def max_pool_forward(
    x: "N,H,W,C", y: "N,P,Q,C", where: "N,P,Q,C",
    tall: "int", wide: "int", down: "int", across: "int", top: "int", left: "int",
):  # fmt: skip
    """`where` keeps which place of its window the value came from, the first of equal ones. NaN in gives NaN out."""
    N, H, W, C = x.shape
    P, Q = y.shape[1], y.shape[2]
    for n in range(N):
        for p in range(P):
            for q in range(Q):
                largest, place = y[n, p, q], where[n, p, q]
                fresh = True
                for k in range(max(0, top - p * down), min(tall, H + top - p * down)):
                    for l in range(max(0, left - q * across), min(wide, W + left - q * across)):
                        pixel = x[n, p * down + k - top, q * across + l - left]
                        number = x.dtype.type(k * wide + l)
                        if fresh:
                            for c in range(C):
                                largest[c], place[c] = pixel[c], number
                        else:
                            for c in range(C):
                                better = pixel[c] > largest[c] or pixel[c] != pixel[c]
                                largest[c] = pixel[c] if better else largest[c]
                                place[c] = number if better else place[c]
                        fresh = False


@kernel
def max_pool_backward(
    dx: "N,H,W,C", dy: "N,P,Q,C", where: "N,P,Q,C",
    tall: "int", wide: "int", down: "int", across: "int", top: "int", left: "int",
):  # fmt: skip
    """A window's gradient goes to the place its value came from."""
    N, H, W, C = dx.shape
    P, Q = dy.shape[1], dy.shape[2]
    for n in range(N):
        dx[n] = ZERO
        for p in range(P):
            for q in range(Q):
                for k in range(max(0, top - p * down), min(tall, H + top - p * down)):
                    for l in range(max(0, left - q * across), min(wide, W + left - q * across)):
                        pixel = dx[n, p * down + k - top, q * across + l - left]
                        number = dx.dtype.type(k * wide + l)
                        for c in range(C):
                            pixel[c] += dy[n, p, q, c] if where[n, p, q, c] == number else ZERO


@kernel
def average_pool_forward(
    x: "N,H,W,C", y: "N,P,Q,C",
    tall: "int", wide: "int", down: "int", across: "int", top: "int", left: "int",
):  # fmt: skip
    N, H, W, C = x.shape
    P, Q = y.shape[1], y.shape[2]
    for n in range(N):
        for p in range(P):
            for q in range(Q):
                mean, first, last = y[n, p, q], max(0, top - p * down), min(tall, H + top - p * down)
                start, stop = max(0, left - q * across), min(wide, W + left - q * across)
                mean[:] = ZERO
                for k in range(first, last):
                    for l in range(start, stop):
                        for c in range(C):
                            mean[c] += x[n, p * down + k - top, q * across + l - left, c]
                share = ONE / x.dtype.type((last - first) * (stop - start))
                for c in range(C):
                    mean[c] *= share


@kernel
def average_pool_backward(
    dx: "N,H,W,C", dy: "N,P,Q,C",
    tall: "int", wide: "int", down: "int", across: "int", top: "int", left: "int",
):  # fmt: skip
    """Every value of a window gets the same share of its gradient."""
    N, H, W, C = dx.shape
    P, Q = dy.shape[1], dy.shape[2]
    for n in range(N):
        dx[n] = ZERO
        for p in range(P):
            for q in range(Q):
                first, last = max(0, top - p * down), min(tall, H + top - p * down)
                start, stop = max(0, left - q * across), min(wide, W + left - q * across)
                share = ONE / dx.dtype.type((last - first) * (stop - start))
                for k in range(first, last):
                    for l in range(start, stop):
                        for c in range(C):
                            dx[n, p * down + k - top, q * across + l - left, c] += share * dy[n, p, q, c]


@kernel
def upsample_forward(x: "N,H,W,C", y: "N,P,Q,C", tall: "int", wide: "int"):
    """Every pixel becomes `tall` × `wide` of the same."""
    N, P, Q, C = y.shape
    for n in range(N):
        for p in range(P):
            for q in range(Q):
                for c in range(C):
                    y[n, p, q, c] = x[n, p // tall, q // wide, c]


@kernel
def upsample_backward(dx: "N,H,W,C", dy: "N,P,Q,C", tall: "int", wide: "int"):
    N, P, Q, C = dy.shape
    for n in range(N):
        dx[n] = ZERO
        for p in range(P):
            for q in range(Q):
                for c in range(C):
                    dx[n, p // tall, q // wide, c] += dy[n, p, q, c]
