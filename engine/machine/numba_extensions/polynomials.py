"""Elementary functions in float32 that vectorize, and the choice by element type; imported at the first compilation.

Each is a range reduction and a polynomial without branches: both sides are computed and one is selected. NaN stays
NaN, and what overflows becomes inf. In float64 the C library does the work.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from engine.kernels import maths
from engine.machine.numba_extensions.intrinsics import bits_of_float, float_of_bits

# Per instruction, these flags survive inlining: a reassociated range reduction would lose its last digits.
EXACT = {"error_model": "numpy", "fastmath": {"contract", "nsz"}, "forceinline": True}
F = np.float32
INF, NAN = F(np.inf), F(np.nan)
LARGEST_EXPONENT, SMALLEST_EXPONENT = F(88.3762), F(-87.3365)  # of e^x as a normal float32
SMALLEST = F(1.17549435e-38)


@register_jitable(**EXACT)
def exp_rest(r):
    """e^r − 1 − r for |r| ≤ ln(2)/2."""
    p = F(1.9875691500e-4) * r + F(1.3981999507e-3)
    p = p * r + F(8.3334519073e-3)
    p = p * r + F(4.1665795894e-2)
    p = p * r + F(1.6666665459e-1)
    p = p * r + F(0.5)
    return p * r * r


@register_jitable(**EXACT)
def minus_pi_times(x, n):
    """x − n·π, π in three parts of which the first two have few digits."""
    return x - n * F(3.140625) - n * F(9.67502593994e-4) - n * F(1.50995799e-7)


@register_jitable(**EXACT)
def sin_near(r):
    """sin r for |r| ≤ π/2; beyond it, the sine of the nearer end."""
    r = min(max(r, F(-1.5707964)), F(1.5707964))
    z = r * r
    p = F(-2.3889859e-8) * z + F(2.7525562e-6)
    p = p * z + F(-1.9840874e-4)
    p = p * z + F(8.3333310e-3)
    p = p * z + F(-1.6666667e-1)
    return p * z * r + r


def exp_float32(x):
    """e^x: x = n·ln 2 + r, a polynomial of degree 6 for e^r, n into the exponent (Cephes expf)."""
    bounded = min(max(x, SMALLEST_EXPONENT), LARGEST_EXPONENT)
    n = np.floor(bounded * F(1.44269504) + F(0.5))
    r = bounded - n * F(0.693359375) - n * F(-2.12194440e-4)
    result = (r + exp_rest(r) + F(1)) * float_of_bits((np.int32(n) + np.int32(127)) << np.int32(23))
    result = INF if x > LARGEST_EXPONENT else result
    result = F(0) if x < SMALLEST_EXPONENT else result
    return result if x == x else x


def expm1_float32(x):
    """e^x − 1 to full relative precision: 2^n·(e^r − 1) + (2^n − 1)."""
    bounded = min(max(x, F(-30)), LARGEST_EXPONENT)
    n = np.floor(bounded * F(1.44269504) + F(0.5))
    r = bounded - n * F(0.693359375) - n * F(-2.12194440e-4)
    scale = float_of_bits((np.int32(n) + np.int32(127)) << np.int32(23))
    result = scale * (r + exp_rest(r)) + (scale - F(1))
    result = INF if x > LARGEST_EXPONENT else result
    return result if x == x else x


def log_float32(x):
    """ln x: x = 2^n·m, a polynomial for ln m (Cephes logf); −inf at 0 and NaN below."""
    tiny = x < SMALLEST
    scaled = x * F(2**24) if tiny else x
    bits = bits_of_float(scaled)
    exponent = F((bits >> np.int32(23)) - np.int32(126))
    exponent = exponent - F(24) if tiny else exponent
    m = float_of_bits((bits & np.int32(0x7FFFFF)) | np.int32(0x3F000000))  # 0.5 ≤ m < 1
    small = m < F(0.707106781)
    exponent = exponent - F(1) if small else exponent
    r = (m + m if small else m) - F(1)
    p = F(7.0376836292e-2) * r + F(-1.1514610310e-1)
    p = p * r + F(1.1676998740e-1)
    p = p * r + F(-1.2420140846e-1)
    p = p * r + F(1.4249322787e-1)
    p = p * r + F(-1.6668057665e-1)
    p = p * r + F(2.0000714765e-1)
    p = p * r + F(-2.4999993993e-1)
    p = p * r + F(3.3333331174e-1)
    z = r * r
    y = r * z * p + exponent * F(-2.12194440e-4) - F(0.5) * z
    result = r + y + exponent * F(0.693359375)
    result = result if x > F(0) else (-INF if x == F(0) else NAN)
    return result if x < INF else x


def log1p_float32(x):
    """ln(1 + x) for x ≥ 0: the rounding of 1 + x is divided out (Kahan)."""
    u = F(1) + x
    rounded = u - F(1)
    ratio = x / (rounded if rounded > F(0) else F(1))
    result = maths.log(u) * ratio if rounded > F(0) else x
    return result if x < INF else x


def tanh_float32(x):
    """tanh x: an odd polynomial near 0, 1 − 2/(e^2|x| + 1) beyond (Cephes tanhf)."""
    size = abs(x)
    z = x * x
    p = F(-5.70498872745e-3) * z + F(2.06390887954e-2)
    p = p * z + F(-5.37397155531e-2)
    p = p * z + F(1.33314422036e-1)
    p = p * z + F(-3.33332819422e-1)
    near = p * z * x + x
    far = F(1) - F(2) / (maths.exp(size + size) + F(1))
    far = far if x >= F(0) else -far
    result = near if size < F(0.625) else far
    return result if x == x else x


def sin_float32(x):
    """sin x = ±sin(x − nπ), π in three parts: absolute error below 2e-7 for |x| < 8,000, NaN for infinities."""
    n = np.floor(x * F(0.318309886) + F(0.5))
    odd = n - F(2) * np.floor(n * F(0.5))
    return (F(1) - F(2) * odd) * sin_near(minus_pi_times(x, n)) + (x - x)


def cos_float32(x):
    """cos x = ∓sin(x − (n + ½)π); precise as sin is."""
    n = np.floor(x * F(0.318309886))
    odd = n - F(2) * np.floor(n * F(0.5))
    return (F(2) * odd - F(1)) * sin_near(minus_pi_times(x, n + F(0.5))) + (x - x)


def dispatch(function, float32, float64):
    """Let native code choose by the type of the argument."""

    @overload(function, jit_options=EXACT)
    def choose(x):
        return float32 if x == types.float32 else float64


dispatch(maths.exp, exp_float32, lambda x: math.exp(x))
dispatch(maths.expm1, expm1_float32, lambda x: math.expm1(x))
dispatch(maths.log, log_float32, lambda x: math.log(x))
dispatch(maths.log1p, log1p_float32, lambda x: math.log1p(x))
dispatch(maths.tanh, tanh_float32, lambda x: math.tanh(x))
dispatch(maths.sin, sin_float32, lambda x: math.sin(x))
dispatch(maths.cos, cos_float32, lambda x: math.cos(x))
