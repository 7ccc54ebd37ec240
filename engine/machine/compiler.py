"""Compilation of kernels, and the cache of compiled code.

Nothing here imports Numba before the first kernel is asked for.
"""

import hashlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from engine.machine.kernel import DEVICE_FUNCTIONS, Kernel
from engine.machine.settings import OPTIONS

COMPILED = ("kernels/*.py", "machine/**/*.py")  # all that native code is made of
OLD_CACHE_SECONDS = 14 * 24 * 3600


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
    signature = numba.types.void(numba.types.CPointer(numba.types.int64))
    with cache_lock():
        return numba.cfunc(signature, nopython=True, cache=True, **OPTIONS)(namespace[name])


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
    options = {"nogil": True, "cache": True, "error_model": "numpy", "parallel": parallel}
    with cache_lock():
        compiled: Callable[..., Any] = numba.njit(signature, **options)(twin)
        return compiled


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


@cache
def cache_folder() -> Path:
    """The folder of compiled code for exactly this source and these versions; made when it is missing.

    Of the engine only `COMPILED` reaches native code: a change elsewhere compiles nothing again.
    """
    import llvmlite
    import platformdirs

    root = Path(os.environ.get("TUI_LAB_CACHE") or platformdirs.user_cache_dir("tui-lab"))
    digest = hashlib.sha256()
    source = Path(__file__).parents[1]
    for path in sorted(path for part in COMPILED for path in source.glob(part)):
        digest.update(str(path.relative_to(source)).encode() + path.read_bytes())
    # The folder's own name is in the digest: Numba keys compiled code by the path of its source.
    for part in (str(source), sys.version, np.__version__, llvmlite.__version__):
        digest.update(part.encode())
    folder = root / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        remove_old_caches(root)
    except OSError:  # a read-only home: compile again each time rather than fail
        import tempfile

        return Path(tempfile.mkdtemp(prefix="tui-lab-"))
    return folder


def remove_old_caches(root: Path) -> None:
    for sibling in root.iterdir():
        if sibling.is_dir() and time.time() - sibling.stat().st_mtime > OLD_CACHE_SECONDS:
            shutil.rmtree(sibling, ignore_errors=True)


_compiling = threading.RLock()


@contextmanager
def cache_lock() -> Iterator[None]:
    """One compiler at a time, in this process and in others: Numba's cold cache bears no more (numba #4807)."""
    with _compiling:
        try:
            import fcntl
        except ImportError:
            yield
            return
        with open(cache_folder() / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
