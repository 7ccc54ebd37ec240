"""What Numba lacks: addresses as pointers, a call by address, bits of a float; imported at the first compilation."""

import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from engine.kernels import maths

# Per instruction, these flags survive inlining: a reassociated range reduction would lose its last digits.
EXACT = {"error_model": "numpy", "fastmath": {"contract", "nsz"}, "forceinline": True}
F = np.float32


def pointer_to(element):
    @intrinsic
    def pointer(typing_context, address):
        signature = types.CPointer(element)(types.int64)

        def generate(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return signature, generate

    return pointer


POINTERS = {
    "float32": pointer_to(types.float32),
    "float64": pointer_to(types.float64),
    "int64": pointer_to(types.int64),
}


@intrinsic
def call(typing_context, address, row):
    """Call the native function at `address` with a pointer to `row`; both are whole numbers."""
    signature = types.void(types.int64, types.int64)

    def generate(context, builder, signature, arguments):
        pointer = ir.IntType(64).as_pointer()
        function = builder.inttoptr(arguments[0], ir.FunctionType(ir.VoidType(), [pointer]).as_pointer())
        builder.call(function, [builder.inttoptr(arguments[1], pointer)])
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def load(typing_context, address):
    """The int64 that stands at `address`."""
    signature = types.int64(types.int64)

    def generate(context, builder, signature, arguments):
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()))

    return signature, generate


def bit_cast(source, target):
    @intrinsic
    def cast(typing_context, value):
        def generate(context, builder, signature, arguments):
            return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

        return target(source), generate

    return cast


float_of_bits = bit_cast(types.int32, types.float32)
bits_of_float = bit_cast(types.float32, types.int32)


def exp_float32(x):
    """e^x: x = n·ln 2 + r, a polynomial of degree 6 for e^r, n into the exponent (Cephes expf)."""
    bounded = min(max(x, F(-87.3)), F(88.3))
    n = np.floor(bounded * F(1.44269504) + F(0.5))
    r = bounded - n * F(0.693359375) - n * F(-2.12194440e-4)
    p = F(1.9875691500e-4) * r + F(1.3981999507e-3)
    p = p * r + F(8.3334519073e-3)
    p = p * r + F(4.1665795894e-2)
    p = p * r + F(1.6666665459e-1)
    p = p * r + F(0.5)
    p = p * r * r + r + F(1)
    result = p * float_of_bits((np.int32(n) + np.int32(127)) << np.int32(23))
    return result if x == x else x  # NaN must not turn into a number


def log_float32(x):
    """ln x for normal x > 0 (Cephes logf); NaN or not finite otherwise."""
    bits = bits_of_float(x)
    exponent = F((bits >> np.int32(23)) - np.int32(126))
    m = float_of_bits((bits & np.int32(0x7FFFFF)) | np.int32(0x3F000000))  # 0.5 ≤ m < 1
    small = m < F(0.707106781)
    exponent = exponent - F(1) if small else exponent
    r = m + m - F(1) if small else m - F(1)
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
    if not x > F(0):
        return F(-np.inf) if x == F(0) else F(np.nan)
    return result if x <= F(3.4e38) else x


def log1p_float32(x):
    """ln(1 + x) for x ≥ 0: the rounding of 1 + x is divided out (Kahan)."""
    u = F(1) + x
    rounded = u - F(1)
    ratio = x / (rounded if rounded > F(0) else F(1))
    return maths.log(u) * ratio if rounded > F(0) else x


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


def dispatch(function, float32, float64):
    @overload(function, jit_options=EXACT)
    def choose(x):
        return float32 if x == types.float32 else float64


dispatch(maths.exp, exp_float32, lambda x: math.exp(x))
dispatch(maths.log, log_float32, lambda x: math.log(x))
dispatch(maths.log1p, log1p_float32, lambda x: math.log1p(x))
dispatch(maths.tanh, tanh_float32, lambda x: math.tanh(x))
