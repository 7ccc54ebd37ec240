"""Matrix products without copies: an operand may be transposed, or a stretch of columns of a wider matrix.

`np.dot` in native code copies what is not contiguous, and cannot add; these go straight to BLAS (see blas.py).
"""

import numpy as np


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out (N, O) = a (N, I) · b (I, O)"""
    out[...] = a @ b


def add_product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out (N, O) += a (N, I) · b (I, O)"""
    out += a @ b
