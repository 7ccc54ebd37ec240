"""Gates: one row of a recurrent layer at one step, forward and back, in place.

Each loop touches few arrays, and so vectorizes; one over all gates at once would not.
"""

from engine.kernels.maths import ONE, ZERO, sigmoid, tanh
from engine.machine.kernel import device


@device
def add(x, total):
    for i in range(total.size):
        total[i] += x[i]


@device
def copy(x, y):
    for i in range(y.size):
        y[i] = x[i]


@device
def squash_gates(a):
    for i in range(a.size):
        a[i] = sigmoid(a[i])


@device
def squash_values(a):
    for i in range(a.size):
        a[i] = tanh(a[i])


@device
def squash(a, h):
    for u in range(h.size):
        h[u] = tanh(a[u])


@device
def squash_backward(a, h, dh):
    for u in range(h.size):
        a[u] = dh[u] * (ONE - h[u] * h[u])


@device
def rectify(a, h):
    for u in range(h.size):
        h[u] = ZERO if a[u] < ZERO else a[u]


@device
def rectify_backward(a, h, dh):
    for u in range(h.size):
        a[u] = dh[u] if h[u] > ZERO else (ZERO if h[u] <= ZERO else h[u])


@device
def lstm_cell(i, f, g, before, c):
    for u in range(c.size):
        c[u] = f[u] * before[u] + i[u] * g[u]


@device
def lstm_state(o, c, h):
    for u in range(h.size):
        h[u] = o[u] * tanh(c[u])


@device
def lstm_state_backward(o, c, dh, dc):
    for u in range(dc.size):
        value = tanh(c[u])
        dc[u] += dh[u] * o[u] * (ONE - value * value)
        o[u] = dh[u] * value * o[u] * (ONE - o[u])


@device
def lstm_input_backward(i, g, dc):
    for u in range(dc.size):
        gate, value = i[u], g[u]
        i[u] = dc[u] * value * gate * (ONE - gate)
        g[u] = dc[u] * gate * (ONE - value * value)


@device
def lstm_forget_backward(f, before, dc):
    """dc becomes the gradient of the cell before."""
    for u in range(dc.size):
        gate = f[u]
        f[u] = dc[u] * before[u] * gate * (ONE - gate)
        dc[u] *= gate


@device
def gru_value(r, part, a):
    for u in range(a.size):
        a[u] = tanh(a[u] + r[u] * part[u])


@device
def gru_value_backward(r, part, da):
    for u in range(da.size):
        gate = r[u]
        r[u] = da[u] * part[u] * gate * (ONE - gate)
        part[u] = da[u] * gate


@device
def blend(z, value, before, h):
    for u in range(h.size):
        h[u] = value[u] + z[u] * (before[u] - value[u])


@device
def blend_backward(z, value, before, dh):
    """dh becomes the part that reaches the state before directly."""
    for u in range(dh.size):
        gate, v = z[u], value[u]
        z[u] = dh[u] * (before[u] - v) * gate * (ONE - gate)
        value[u] = dh[u] * (ONE - gate) * (ONE - v * v)
        dh[u] *= gate
