"""Factorization: what a user and an item add to the mean, and how well their vectors agree."""

from engine.kernels.maths import ZERO
from engine.machine.kernel import kernel, product_kernel


@product_kernel("N,D")
def factorization_forward(
    ids: "N,2 below U,I", mean: "1", of_users: "U", of_items: "I", users: "U,D", items: "I,D", y: "N,1"
):
    """y = mean + b[u] + c[i] + p[u]·q[i] for the numbers u and i in a row of ids"""
    for n in range(ids.shape[0]):
        u, i = int(ids[n, 0]), int(ids[n, 1])
        total = mean[0] + of_users[u] + of_items[i]
        for d in range(users.shape[1]):
            total += users[u, d] * items[i, d]
        y[n, 0] = total


@kernel
def factorization_backward(
    ids: "N,2 below U,I", users: "U,D", items: "I,D", dmean: "1", dof_users: "U", dof_items: "I", dusers: "U,D",
    ditems: "I,D", dy: "N,1",
):  # fmt: skip
    """Clears whole tables: penalties and the optimizer visit every row anyway, and cost several times as much."""
    dmean[0] = ZERO
    dof_users[:] = ZERO
    dof_items[:] = ZERO
    dusers[:] = ZERO
    ditems[:] = ZERO
    for n in range(ids.shape[0]):
        u, i, g = int(ids[n, 0]), int(ids[n, 1]), dy[n, 0]
        dmean[0] += g
        dof_users[u] += g
        dof_items[i] += g
        for d in range(users.shape[1]):
            dusers[u, d] += g * items[i, d]
            ditems[i, d] += g * users[u, d]
