"""Compilation of kernels and of the virtual machine's entries.

Nothing here imports Numba before the first kernel is asked for.
"""

import os
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

from engine.machine.cache import cache_folder, cache_lock
from engine.machine.kernel import DEVICE_FUNCTIONS, Kernel
from engine.machine.settings import OPTIONS


def address(kernel: Kernel, dtype: str) -> int:
    """The native entry of a kernel for elements of `dtype` ("float32" or "float64"); compiles on the first call."""
    if dtype not in kernel.native:
        kernel.native[dtype] = compile_kernel(kernel, dtype)
    return int(kernel.native[dtype].address)


def compile_kernel(kernel: Kernel, dtype: str) -> Any:
    numba = native()
    from engine.machine.numba_extensions import blas, intrinsics, polynomials  # noqa: F401  the maths of kernels

    register_device_functions()

    # A wrapper with its own name and the kernel's file lets Numba's disk cache find it in every process; a
    # closure would never hit (numba #6264).
    name = f"{kernel.name}_{dtype}"
    namespace = {
        # Inlined, so that it exists once: linked into the wrapper as a function of its own it would exist twice, and
        # the process that compiles would call a copy that is optimized otherwise than the one in the cache.
        "kernel": numba.njit(kernel.function, forceinline=True, **OPTIONS),
        "carray": numba.carray,
        "real": intrinsics.POINTERS[dtype],
        "float64": intrinsics.POINTERS["float64"],
        "int64": intrinsics.POINTERS["int64"],
        "__name__": kernel.function.__module__,
    }
    exec(compile(wrapper_source(kernel, name), kernel.function.__code__.co_filename, "exec"), namespace)
    from numba.core.ccallback import CFunc

    from engine.machine.numba_extensions.sealed_cache import SealedCache

    signature = ((numba.types.CPointer(numba.types.int64),), numba.types.void)
    # As numba.cfunc does, but for its cache.
    compiled: Any = CFunc(namespace[name], signature, locals={}, options={"nopython": True, **OPTIONS})
    compiled._cache = SealedCache(namespace[name])
    with cache_lock(name):
        compiled.compile()
    return compiled


def wrapper_source(kernel: Kernel, name: str) -> str:
    """Python source of a function that unpacks a row: address, sizes, operands (addresses or immediates)."""
    lines = [f"def {name}(row):"]
    lines += [f"    {size} = row[{i}]" for i, size in enumerate(kernel.sizes, start=1)]
    arguments = []
    for i, operand in enumerate(kernel.operands, start=1 + len(kernel.sizes)):
        if operand.dtype == "int":
            arguments.append(f"row[{i}]")
        else:
            arguments.append(f"carray({operand.dtype}(row[{i}]), ({', '.join(operand.dims)},))")
    return "\n".join([*lines, f"    kernel({', '.join(arguments)})"])


def compile_native(
    function: Callable[..., Any], signature: str, *, parallel: bool = False
) -> Callable[..., Any]:
    """Compile an entry that Python calls, without the GIL; `signature` as Numba writes it."""
    numba = native()
    # Numba's cache does not tell the parallel version from the serial one: each gets a name of its own.
    twin = FunctionType(function.__code__, function.__globals__, function.__name__)
    twin.__qualname__ = f"{function.__name__}_{'parallel' if parallel else 'serial'}"
    from engine.machine.numba_extensions.sealed_cache import SealedCache

    compiled: Any = numba.njit(nogil=True, error_model="numpy", parallel=parallel)(twin)
    compiled._cache = SealedCache(twin)
    with cache_lock(twin.__qualname__):
        compiled.compile(signature)
    compiled.disable_compile()
    entry: Callable[..., Any] = compiled
    return entry


@cache
def native() -> Any:
    """Numba, configured: its cache in a folder of our own, its thread pool, BLAS on one thread a caller."""
    os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")  # OpenMP and OpenBLAS disturb each other
    # In the environment and not only in numba.config: Numba reads the environment again when it changes.
    os.environ["NUMBA_CACHE_DIR"] = str(cache_folder())
    import numba
    import scipy.linalg.cython_blas  # noqa: F401  its BLAS must be loaded before the pools can be limited
    import threadpoolctl

    # Numba may have been imported before, with the environment of then.
    numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]
    numba.config.THREADING_LAYER = os.environ["NUMBA_THREADING_LAYER"]  # type: ignore[attr-defined]
    threadpoolctl.threadpool_limits(1)
    return numba


def register_device_functions() -> None:
    """Make known to Numba what was registered since the last compilation; inlined, so that loops vectorize."""
    from numba.extending import register_jitable

    while DEVICE_FUNCTIONS:
        register_jitable(**OPTIONS, forceinline=True)(DEVICE_FUNCTIONS.pop())
