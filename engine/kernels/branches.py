"""Where data flows apart and together again: sums of values forward, sums of gradients backward."""

from engine.machine.kernel import kernel


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


@kernel
def place_columns(x: "R,C", y: "R,D", start: "int below D - C + 1"):
    """y[:, start : start + C] = x: a branch's part of what is joined."""
    for r in range(x.shape[0]):
        for c in range(x.shape[1]):
            y[r, start + c] = x[r, c]


@kernel
def take_gradient(dx: "R,C", dy: "R,D", start: "int below D - C + 1"):
    for r in range(dx.shape[0]):
        for c in range(dx.shape[1]):
            dx[r, c] = dy[r, start + c]


@kernel
def multiply_forward(a: "N", b: "N", y: "N"):
    for i in range(y.size):
        y[i] = a[i] * b[i]


@kernel
def multiply_backward(a: "N", b: "N", dy: "N", da: "A", db: "B"):
    """da and db have no values where that branch has nothing to learn."""
    for i in range(da.size):
        da[i] = dy[i] * b[i]
    for i in range(db.size):
        db[i] = dy[i] * a[i]


@kernel
def select_forward(x: "R,C", y: "R,K", column: "int below C"):
    for r in range(x.shape[0]):
        for k in range(y.shape[1]):
            y[r, k] = x[r, column + k]


@kernel
def select_backward(dx: "R,C", dy: "R,K", column: "int below C"):
    dx[:] = 0
    for r in range(dx.shape[0]):
        for k in range(dy.shape[1]):
            dx[r, column + k] = dy[r, k]
