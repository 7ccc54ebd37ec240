"""Attention: y = softmax(q·kᵀ/√K)·v for each head, its gradient, and the same one position at a time.

A row of qkv (N, T, E) holds the queries of H heads, then the keys and then the values of G groups, each K wide;
H/G heads share a group.
"""

import numpy as np

from engine.kernels.maths import ONE, ZERO, exp, exp_all, largest
from engine.kernels.products import add_product, product
from engine.machine.kernel import device, kernel, product_kernel


@product_kernel("2,N,T,T,D")
def attention_forward(qkv: "N,T,E", y: "N,T,D", weights: "M,T,T", heads: "int", groups: "int", causal: "int"):
    """weights (N·H, T, T) are kept for the backward pass: row t says how much t looks at each position."""
    N, D = y.shape[0], y.shape[2]
    K = D // heads
    scale = ONE / np.sqrt(qkv.dtype.type(K))
    for n in range(N):
        for h in range(heads):
            q, k, v = of_head(qkv[n], h, heads, groups, K)
            p = weights[n * heads + h]
            product(q, k.T, p)
            softmax_rows(p, scale, causal)
            product(p, v, columns(y[n], h, K))


@kernel
def attention_backward(
    qkv: "N,T,E", dqkv: "N,T,E", dy: "N,T,D", weights: "M,T,T", dweights: "T,T", heads: "int", groups: "int"
):
    N, D = dy.shape[0], dy.shape[2]
    K = D // heads
    scale = ONE / np.sqrt(qkv.dtype.type(K))
    for n in range(N):
        for h in range(heads):
            q, k, v = of_head(qkv[n], h, heads, groups, K)
            dq, dk, dv = of_head(dqkv[n], h, heads, groups, K)
            do, p = columns(dy[n], h, K), weights[n * heads + h]
            product(do, v.T, dweights)
            softmax_rows_backward(p, dweights, scale)
            product(dweights, k, dq)
            if h % (heads // groups) == 0:
                product(p.T, do, dv)
                product(dweights.T, q, dk)
            else:
                add_product(p.T, do, dv)
                add_product(dweights.T, q, dk)


@kernel
def attention_stream(
    qkv: "N,E",
    y: "N,D",
    keys: "N,C,G",
    values: "N,C,G",
    weights: "N,H,C",
    position: "int64[1] below C",
    groups: "int",
):
    """One position more: its key and value join those kept, its queries look at all of them."""
    N, H, _C = weights.shape
    K = y.shape[1] // H
    scale = ONE / np.sqrt(qkv.dtype.type(K))
    last = position[0]
    for n in range(N):
        for i in range(groups * K):
            keys[n, last, i] = qkv[n, H * K + i]
            values[n, last, i] = qkv[n, (H + groups) * K + i]
        for h in range(H):
            first = h // (H // groups) * K
            p = weights[n, h]
            for t in range(last + 1):
                total = qkv.dtype.type(0)
                for i in range(K):
                    total += qkv[n, h * K + i] * keys[n, t, first + i]
                p[t] = total
            softmax_row(p, last + 1, scale)
            for i in range(K):
                y[n, h * K + i] = ZERO
            for t in range(last + 1):
                for i in range(K):
                    y[n, h * K + i] += p[t] * values[n, t, first + i]


@device
def of_head(rows, h, heads, groups, K):
    """The parts of rows (T, E) of qkv that head h works with: its queries, and its group's keys and values."""
    g = h // (heads // groups)
    return columns(rows, h, K), columns(rows, heads + g, K), columns(rows, heads + groups + g, K)


@device
def columns(rows, place, K):
    return rows[:, place * K : (place + 1) * K]


@device
def softmax_rows(p, scale, causal):
    """softmax(scale·row) for each row of p (T, T), in place; causal: row t counts up to place t, 0 behind it."""
    T = p.shape[0]
    for t in range(T):
        row = p[t]
        if causal:
            row[t + 1 :] = -np.inf
        top = largest(row)
        for j in range(T):
            row[j] = scale * (row[j] - top)
    exp_all(p.reshape(T * T))
    for t in range(T):
        row = p[t]
        total = row.dtype.type(0)
        for j in range(T):
            total += row[j]
        share = ONE / total
        for j in range(T):
            row[j] *= share


@device
def softmax_rows_backward(p, dp, scale):
    """dp becomes the gradient of the rows before scale and softmax: 0 where p is."""
    T = p.shape[0]
    for t in range(T):
        along = dp.dtype.type(0)
        for j in range(T):
            along += p[t, j] * dp[t, j]
        for j in range(T):
            dp[t, j] = scale * p[t, j] * (dp[t, j] - along)


@device
def softmax_row(row, length, scale):
    """softmax(scale·row) over the first `length` places."""
    top = largest(row[:length])
    total = row.dtype.type(0)
    for j in range(length):
        row[j] = exp(scale * (row[j] - top))
        total += row[j]
    share = ONE / total
    for j in range(length):
        row[j] *= share


@kernel
def rotate_forward(
    qkv: "N,T,E", cos: "C,R", sin: "C,R", position: "int64[1] below C - T + 1", vectors: "int"
):
    """Turn the first `vectors` vectors of every position by its angles, in place (Su et al. 2021)."""
    N, T, _E = qkv.shape
    for n in range(N):
        for t in range(T):
            turn(qkv[n, t], cos[position[0] + t], sin[position[0] + t], vectors, ONE)


@kernel
def rotate_backward(dqkv: "N,T,E", cos: "C,R", sin: "C,R", vectors: "int"):
    """Back by the same angles."""
    N, T, _E = dqkv.shape
    for n in range(N):
        for t in range(T):
            turn(dqkv[n, t], cos[t], sin[t], vectors, -ONE)


@device
def turn(row, cos, sin, vectors, way):
    """Element i and i + R of every vector are the two sides of a plane."""
    R = cos.size
    for vector in range(vectors):
        first = vector * 2 * R
        for i in range(R):
            a, b = row[first + i], row[first + R + i]
            row[first + i] = a * cos[i] - way * b * sin[i]
            row[first + R + i] = b * cos[i] + way * a * sin[i]


@kernel
def normalize_heads(qkv: "N,E", scale: "N,V", width: "int"):
    """Each of the first V vectors of a row is divided by its root mean square, in place."""
    real = qkv.dtype.type
    N, V = scale.shape
    for n in range(N):
        for vector in range(V):
            first = vector * width
            total = real(0)
            for i in range(first, first + width):
                total += qkv[n, i] * qkv[n, i]
            scale[n, vector] = ONE / np.sqrt(total / real(width) + real(1e-6))
            for i in range(first, first + width):
                qkv[n, i] *= scale[n, vector]


@kernel
def normalize_heads_backward(qkv: "N,E", dqkv: "N,E", scale: "N,V", width: "int"):
    """dx = scale·(dy − y·mean(dy·y)), in the place of dy; qkv holds y."""
    real = qkv.dtype.type
    N, V = scale.shape
    for n in range(N):
        for vector in range(V):
            first = vector * width
            along = real(0)
            for i in range(first, first + width):
                along += dqkv[n, i] * qkv[n, i]
            along /= real(width)
            for i in range(first, first + width):
                dqkv[n, i] = scale[n, vector] * (dqkv[n, i] - qkv[n, i] * along)
