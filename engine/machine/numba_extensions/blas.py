"""Matrix products in native code: a call of BLAS with strides; imported at the first compilation.

`numba_xxgemm` is what Numba's own np.dot calls: BLAS of SciPy, by element type, without the GIL.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from engine.kernels import products
from engine.machine.settings import OPTIONS

KIND = {types.float32: "s", types.float64: "d"}
CHAR, WHOLE, POINTER = ir.IntType(8), ir.IntType(64), ir.IntType(8).as_pointer()
GEMM = ir.FunctionType(
    ir.IntType(32),
    [CHAR, CHAR, CHAR, WHOLE, WHOLE, WHOLE, POINTER, POINTER, WHOLE, POINTER, WHOLE, POINTER, POINTER, WHOLE],
)


@intrinsic
def gemm(typing_context, a, b, out, kept):
    """out = a·b + kept·out; each has elements side by side along one of its two axes, `out` along the last."""
    element = out.dtype
    if {a.dtype, b.dtype} != {element}:
        return None

    def generate(context, builder, signature, arguments):
        size = context.get_abi_sizeof(context.get_value_type(element))

        def matrix(kind, value):
            """(data, rows, columns, how BLAS sees it, elements from one line to the next)."""
            array = context.make_array(kind)(context, builder, value)
            rows, columns = cgutils.unpack_tuple(builder, array.shape)
            strides = cgutils.unpack_tuple(builder, array.strides)
            by_rows = builder.icmp_signed("==", strides[1], WHOLE(size))
            # A single line may have any stride; BLAS wants at least its length.
            line = builder.udiv(builder.select(by_rows, strides[0], strides[1]), WHOLE(size))
            length = builder.select(by_rows, columns, rows)
            line = builder.select(builder.icmp_signed("<", line, length), length, line)
            seen = builder.select(by_rows, CHAR(ord("n")), CHAR(ord("t")))
            return builder.bitcast(array.data, POINTER), rows, columns, seen, line

        a, b, out = (matrix(k, v) for k, v in zip(signature.args[:3], arguments[:3], strict=True))
        one = cgutils.alloca_once_value(builder, context.get_constant(element, 1.0))
        kept = cgutils.alloca_once_value(
            builder, context.cast(builder, arguments[3], signature.args[3], element)
        )
        function = cgutils.get_or_insert_function(builder.module, GEMM, "numba_xxgemm")
        # BLAS counts by columns: what it is asked for is outᵀ = bᵀ·aᵀ.
        builder.call(
            function,
            [
                CHAR(ord(KIND[element])), b[3], a[3], out[2], out[1], a[2], builder.bitcast(one, POINTER),
                b[0], b[4], a[0], a[4], builder.bitcast(kept, POINTER), out[0], out[4],
            ],
        )  # fmt: skip
        return context.get_dummy_value()

    return types.void(a, b, out, kept), generate


@overload(products.product, jit_options=OPTIONS)
def product(a, b, out):
    return lambda a, b, out: gemm(a, b, out, 0.0)


@overload(products.add_product, jit_options=OPTIONS)
def add_product(a, b, out):
    return lambda a, b, out: gemm(a, b, out, 1.0)
