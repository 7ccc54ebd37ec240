"""Where data flows apart and together again: sums of values forward, sums of gradients backward."""

from engine.jit import kernel


@kernel
def add_forward(x: "N", f: "N", y: "N"):
    for i in range(y.size):
        y[i] = x[i] + f[i]


@kernel
def copy_gradient(dy: "N", dx: "N"):
    """Of y = x + f(x), the part that reaches x directly."""
    for i in range(dx.size):
        dx[i] = dy[i]


@kernel
def add_gradient(dfork: "N", dx: "N"):
    """The part that reaches x through its fork."""
    for i in range(dx.size):
        dx[i] += dfork[i]
