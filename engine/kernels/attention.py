"""Attention: y = softmax(q·kᵀ/√d)·v for each head, its gradient, and the same one position at a time.

A row of qkv (N, T, E) holds the queries of H heads, then the keys and then the values of G groups, each d long;
H/G heads share a group. What a head needs is copied together first: products want contiguous matrices.
"""

import numpy as np

from engine.jit import device, kernel
from engine.kernels.maths import ONE, ZERO, exp


@kernel
def attention_forward(
    qkv: "N,T,E", y: "N,T,D", weights: "M,T,T", room: "4,T,K", heads: "int", groups: "int", causal: "int"
):
    """weights (N·H, T, T) are kept for the backward pass: row t says how much t looks at each position."""
    N, T, K = qkv.shape[0], qkv.shape[1], room.shape[2]
    q, k, v, o = room[0], room[1], room[2], room[3]
    scale = ONE / np.sqrt(qkv.dtype.type(K))
    share = heads // groups
    for n in range(N):
        for h in range(heads):
            g = h // share
            if h % share == 0:
                take(qkv[n], (heads + g) * K, k)
                take(qkv[n], (heads + groups + g) * K, v)
            take(qkv[n], h * K, q)
            p = weights[n * heads + h]
            np.dot(q, k.T, p)
            for t in range(T):
                softmax_row(p[t], t + 1 if causal else T, scale)
            np.dot(p, v, o)
            give(o, y[n], h * K)


@kernel
def attention_backward(
    qkv: "N,T,E", dqkv: "N,T,E", dy: "N,T,D", weights: "M,T,T", dweights: "T,T", room: "8,T,K",
    heads: "int", groups: "int", causal: "int",
):  # fmt: skip
    N, T, K = qkv.shape[0], qkv.shape[1], room.shape[2]
    q, k, v, do, part, dk, dv, dq = room[0], room[1], room[2], room[3], room[4], room[5], room[6], room[7]
    scale = ONE / np.sqrt(qkv.dtype.type(K))
    share = heads // groups
    for n in range(N):
        for h in range(heads):
            g = h // share
            if h % share == 0:
                take(qkv[n], (heads + g) * K, k)
                take(qkv[n], (heads + groups + g) * K, v)
                dk[:] = ZERO
                dv[:] = ZERO
            take(qkv[n], h * K, q)
            take(dy[n], h * K, do)
            p = weights[n * heads + h]
            np.dot(p.T, do, part)
            accumulate(part, dv)
            np.dot(do, v.T, dweights)
            for t in range(T):
                softmax_row_backward(p[t], dweights[t], t + 1 if causal else T, scale)
            np.dot(dweights, k, dq)
            give(dq, dqkv[n], h * K)
            np.dot(dweights.T, q, part)
            accumulate(part, dk)
            if h % share == share - 1:
                give(dk, dqkv[n], (heads + g) * K)
                give(dv, dqkv[n], (heads + groups + g) * K)


@kernel
def attention_stream(
    qkv: "N,E",
    y: "N,D",
    keys: "N,C,G",
    values: "N,C,G",
    weights: "N,H,C",
    position: "int64[1]",
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
def take(rows, first, matrix):
    """Columns first … first + K of rows (T, E) into a matrix (T, K) of their own."""
    T, K = matrix.shape
    for t in range(T):
        for i in range(K):
            matrix[t, i] = rows[t, first + i]


@device
def give(matrix, rows, first):
    T, K = matrix.shape
    for t in range(T):
        for i in range(K):
            rows[t, first + i] = matrix[t, i]


@device
def accumulate(part, total):
    T, K = total.shape
    for t in range(T):
        for i in range(K):
            total[t, i] += part[t, i]


@device
def softmax_row(row, length, scale):
    """softmax(scale·row) over the first `length` places, 0 behind them."""
    top = row[0]
    for j in range(1, length):
        top = max(top, row[j])
    for j in range(length):
        row[j] = exp(scale * (row[j] - top))
    total = row.dtype.type(0)
    for j in range(length):
        total += row[j]
    share = ONE / total
    for j in range(length):
        row[j] *= share
    for j in range(length, row.size):
        row[j] = ZERO


@device
def softmax_row_backward(p, dp, length, scale):
    """dp becomes the gradient of the row before scale and softmax."""
    along = dp.dtype.type(0)
    for j in range(length):
        along += p[j] * dp[j]
    for j in range(length):
        dp[j] = scale * p[j] * (dp[j] - along)
    for j in range(length, dp.size):
        dp[j] = ZERO


@kernel
def rotate_forward(qkv: "N,T,E", cos: "C,R", sin: "C,R", position: "int64[1]", vectors: "int"):
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
def normalise_heads(qkv: "N,E", scale: "N,V", width: "int"):
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
def normalise_heads_backward(qkv: "N,E", dqkv: "N,E", scale: "N,V", width: "int"):
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
