"""Recurrence: what a network remembers, carried from step to step, and its gradient carried back.

Time stands first: rows (T, N, I) hold all sequences' first step, then their second. The inputs' part of every gate is
one product over all steps (the dense kernels); what is here adds the part of the state before, step by step, and
leaves the gates' gradient in the gates' place, so that the weights' gradients are one product again.
`states` (S, N, U) has S = T + 1 entries: the first is what was before the first step.
"""

from engine.kernels.gates import (
    add,
    blend,
    blend_backward,
    copy,
    gru_value,
    gru_value_backward,
    lstm_cell,
    lstm_forget_backward,
    lstm_input_backward,
    lstm_state,
    lstm_state_backward,
    rectify,
    rectify_backward,
    squash,
    squash_backward,
    squash_gates,
    squash_values,
)
from engine.kernels.maths import ZERO
from engine.kernels.products import add_product
from engine.machine.kernel import device, kernel, product_kernel

STEP = (16, 512)  # rows and depth of the small products of a step,
ALL_STEPS = (32, 256)  # and of those over all steps
WIDTH = 64


@kernel
def time_major(x: "N,T,I", rows: "T,N,I", backwards: "int"):
    """The steps of x one after the other, or from the last to the first."""
    N, T, I = x.shape
    for t in range(T):
        s = T - 1 - t if backwards else t
        for n in range(N):
            for i in range(I):
                rows[t, n, i] = x[n, s, i]


@kernel
def time_major_backward(dx: "N,T,I", drows: "T,N,I", backwards: "int"):
    N, T, I = dx.shape
    for t in range(T):
        s = T - 1 - t if backwards else t
        for n in range(N):
            for i in range(I):
                dx[n, s, i] = drows[t, n, i]


@kernel
def give_each(states: "S,N,U", y: "N,T,K", first: "int below K - U + 1", backwards: "int"):
    """The state after every step, in columns first … first + U of y."""
    N, T, _K = y.shape
    U = states.shape[2]
    for t in range(T):
        s = T - 1 - t if backwards else t
        for n in range(N):
            for u in range(U):
                y[n, s, first + u] = states[t + 1, n, u]


@kernel
def give_each_backward(dstates: "S,N,U", dy: "N,T,K", first: "int below K - U + 1", backwards: "int"):
    N, T, _K = dy.shape
    U = dstates.shape[2]
    dstates[0] = ZERO
    for t in range(T):
        s = T - 1 - t if backwards else t
        for n in range(N):
            for u in range(U):
                dstates[t + 1, n, u] = dy[n, s, first + u]


@kernel
def give_last(states: "S,N,U", y: "N,K", first: "int below K - U + 1"):
    """The state after the last step."""
    last, N, U = states.shape[0] - 1, states.shape[1], states.shape[2]
    for n in range(N):
        for u in range(U):
            y[n, first + u] = states[last, n, u]


@kernel
def give_last_backward(dstates: "S,N,U", dy: "N,K", first: "int below K - U + 1"):
    last, N, U = dstates.shape[0] - 1, dstates.shape[1], dstates.shape[2]
    dstates[:] = ZERO
    for n in range(N):
        for u in range(U):
            dstates[last, n, u] = dy[n, first + u]


@kernel
def keep_state(states: "S,N"):
    """What came last is what was before the next call: for a network that sees one position at a time."""
    states[0] = states[states.shape[0] - 1]


@product_kernel("T,N,U,U")
def rnn_forward(gates: "T,N,U", w: "U,U", states: "S,N,U", rectified: "int"):
    """h = tanh(a + h₋·w) or max(0, a + h₋·w); gates hold a = x·wᵢ + b (Elman 1990)."""
    T, N, _U = gates.shape
    for t in range(T):
        add_small_products(states[t], w, gates[t], STEP)
        for n in range(N):
            if rectified:
                rectify(gates[t, n], states[t + 1, n])
            else:
                squash(gates[t, n], states[t + 1, n])


@kernel
def rnn_backward(gates: "T,N,U", w: "U,U", states: "S,N,U", dstates: "S,N,U", rectified: "int"):
    T, N, _U = gates.shape
    for t in range(T - 1, -1, -1):
        for n in range(N):
            if rectified:
                rectify_backward(gates[t, n], states[t + 1, n], dstates[t + 1, n])
            else:
                squash_backward(gates[t, n], states[t + 1, n], dstates[t + 1, n])
        add_small_products(gates[t], w.T, dstates[t], STEP)


@product_kernel("T,N,U,G")
def lstm_forward(gates: "T,N,G", w: "U,G", states: "S,N,U", cells: "S,N,U"):
    """c = f·c₋ + i·g;  h = o·tanh c, the gates i, f, g, o in this order (Hochreiter & Schmidhuber 1997)."""
    T, N, _G = gates.shape
    U = w.shape[0]
    for t in range(T):
        add_small_products(states[t], w, gates[t], STEP)
        for n in range(N):
            row = gates[t, n]
            squash_gates(row[: 2 * U])
            squash_values(row[2 * U : 3 * U])
            squash_gates(row[3 * U :])
            i, f, g, o = row[:U], row[U : 2 * U], row[2 * U : 3 * U], row[3 * U :]
            lstm_cell(i, f, g, cells[t, n], cells[t + 1, n])
            lstm_state(o, cells[t + 1, n], states[t + 1, n])


@kernel
def lstm_backward(gates: "T,N,G", w: "U,G", cells: "S,N,U", dstates: "S,N,U", dcells: "N,U"):
    T, N, _G = gates.shape
    U = w.shape[0]
    dcells[:] = ZERO
    for t in range(T - 1, -1, -1):
        for n in range(N):
            row = gates[t, n]
            i, f, g, o = row[:U], row[U : 2 * U], row[2 * U : 3 * U], row[3 * U :]
            lstm_state_backward(o, cells[t + 1, n], dstates[t + 1, n], dcells[n])
            lstm_input_backward(i, g, dcells[n])
            lstm_forget_backward(f, cells[t, n], dcells[n])
        add_small_products(gates[t], w.T, dstates[t], STEP)


@product_kernel("T,N,U,G")
def gru_forward(gates: "T,N,G", recurrent: "T,N,G", w: "U,G", bias: "U", states: "S,N,U"):
    """h = (1 − z)·n + z·h₋ with n = tanh(aₙ + r·(h₋·wₙ + bias)), the gates r, z, n in this order (Cho et al. 2014).

    The reset gate r acts after the product, as in cuDNN and PyTorch. recurrent keeps h₋·w, its last part with bias.
    """
    T, N, _G = gates.shape
    U = w.shape[0]
    for t in range(T):
        recurrent[t] = ZERO
        add_small_products(states[t], w, recurrent[t], STEP)
        for n in range(N):
            row, before = gates[t, n], recurrent[t, n]
            add(before[: 2 * U], row[: 2 * U])
            squash_gates(row[: 2 * U])
            r, z, value = row[:U], row[U : 2 * U], row[2 * U :]
            add(bias, before[2 * U :])
            gru_value(r, before[2 * U :], value)
            blend(z, value, states[t, n], states[t + 1, n])


@kernel
def gru_backward(gates: "T,N,G", recurrent: "T,N,G", w: "U,G", dbias: "U", states: "S,N,U", dstates: "S,N,U"):
    """Leaves the gradient of h₋·w in recurrent."""
    T, N, _G = gates.shape
    U = w.shape[0]
    dbias[:] = ZERO
    for t in range(T - 1, -1, -1):
        for n in range(N):
            row, before, dh = gates[t, n], recurrent[t, n], dstates[t + 1, n]
            r, z, value = row[:U], row[U : 2 * U], row[2 * U :]
            blend_backward(z, value, states[t, n], dh)
            add(dh, dstates[t, n])
            gru_value_backward(r, before[2 * U :], value)
            copy(row[: 2 * U], before[: 2 * U])
            add(before[2 * U :], dbias)
        add_small_products(recurrent[t], w.T, dstates[t], STEP)


@kernel
def weights_backward(before: "M,U", dproduct: "M,G", dw: "U,G"):
    """The gradient of the state's weights, over all steps together: of h₋·w for h₋ (T·N, U)."""
    dw[:] = ZERO
    add_small_products(before.T, dproduct, dw, ALL_STEPS)


@device
def add_small_products(a, w, out, size):
    """out (N, O) += a (N, I)·w (I, O), as products so small (below a million multiplications) that OpenBLAS copies no
    operand first: of few rows, which a step has, the copies cost as much as the product."""
    (N, I), O = a.shape, w.shape[1]
    rows, depth = size
    for i in range(0, I, depth):
        for o in range(0, O, WIDTH):
            for n in range(0, N, rows):
                add_product(
                    a[n : n + rows, i : i + depth],
                    w[i : i + depth, o : o + WIDTH],
                    out[n : n + rows, o : o + WIDTH],
                )
