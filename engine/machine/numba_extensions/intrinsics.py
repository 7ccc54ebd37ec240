"""What Numba lacks: addresses as pointers, a call by address, bits of a float; imported at the first compilation."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


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
