"""Kernels and their compilation: the only file that knows Numba's settings.

A kernel is a small function whose annotations are its shapes. It compiles on demand, once per element type, into
a native function with one argument: a row of the program's table that holds its sizes and operand addresses.
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
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

# Division by zero gives inf instead of a test that stops vectorisation; the missing "nnan" and "ninf" keep
# isfinite() meaningful.
FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": FAST}
COMPILED = ("kernels/*.py", "jit.py", "places.py", "vm.py")  # all that native code is made of
OLD_CACHE_SECONDS = 14 * 24 * 3600

KERNELS: dict[str, "Kernel"] = {}
DEVICE_FUNCTIONS: list[Callable] = []


@dataclass(frozen=True)
class Operand:
    """One parameter of a kernel: an array with `dims` (names or numbers), or an immediate whole number."""

    name: str
    dims: tuple[str, ...]
    dtype: str  # "real" is the run's element type; "float64" and "int64" are fixed; "int" is an immediate

    @classmethod
    def parse(cls, name: str, annotation: str) -> "Operand":
        if annotation == "int":
            return cls(name, (), "int")
        dtype, dims = "real", annotation
        if annotation.endswith("]"):
            dtype, dims = annotation[:-1].split("[")
        return cls(name, tuple(d.strip() for d in dims.split(",")), dtype)


class Kernel:
    """A function over arrays, callable from Python as it is and from the program by address."""

    def __init__(self, function: Callable, work: str = "") -> None:
        self.function = function
        self.name = function.__name__
        self.operands = [Operand.parse(n, a) for n, a in function.__annotations__.items()]
        named = (d for o in self.operands for d in o.dims if not d.isdigit())
        self.sizes = tuple(dict.fromkeys(named))
        self.work = tuple(d.strip() for d in work.split(",")) if work else ()
        for dim in self.work:
            if not dim.isdigit() and dim not in self.sizes:
                raise ValueError(f"{self.name}: there is no size {dim} to count its work in")
        self.width = 1 + len(self.sizes) + len(self.operands)
        self._compiled: dict[str, Any] = {}
        KERNELS[self.name] = self

    def __call__(self, *arrays: Any) -> None:
        """Run the plain Python function: for tests and for reading along."""
        self.function(*arrays)

    def compiled(self, dtype: str) -> bool:
        return dtype in self._compiled

    def address(self, dtype: str) -> int:
        """The native entry for elements of `dtype` ("float32" or "float64"); compiles on the first call."""
        if dtype not in self._compiled:
            self._compiled[dtype] = compile_kernel(self, dtype)
        return int(self._compiled[dtype].address)


def kernel(function: Callable) -> Kernel:
    """Register a kernel: every parameter is annotated with its shape ("N,I"), "float64[K]", "int64[K]" or "int"."""
    return Kernel(function)


def product_kernel(work: str) -> Callable[[Callable], Kernel]:
    """Register a kernel of products or of lookups; `work` counts what they take in sizes: "N,I,O" for N·I·O, or
    "N,D" where of a large table a row is touched for each n."""
    return lambda function: Kernel(function, work)


def device(function: Callable) -> Callable:
    """Register a function that kernels may call; it stays plain Python until the first compilation."""
    DEVICE_FUNCTIONS.append(function)
    return function


def compile_kernel(kernel: Kernel, dtype: str) -> Any:
    numba = native()
    from engine.kernels import blas, intrinsics, polynomials  # noqa: F401  the maths of kernels

    register_device_functions()

    # A wrapper with its own name and the kernel's file lets Numba's disk cache find it in every process; a
    # closure would never hit (numba #6264).
    name = f"{kernel.name}_{dtype}"
    namespace = {
        "kernel": numba.njit(kernel.function, **OPTIONS),
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


def compile_native(function: Callable, signature: str, *, parallel: bool = False) -> Callable:
    """Compile an entry that Python calls, without the GIL; `signature` as Numba writes it."""
    numba = native()
    # Numba's cache does not tell the parallel version from the serial one: each gets a name of its own.
    twin = FunctionType(function.__code__, function.__globals__, function.__name__)
    twin.__qualname__ = f"{function.__name__}_{'parallel' if parallel else 'serial'}"
    options = {"nogil": True, "cache": True, "error_model": "numpy", "parallel": parallel}
    with cache_lock():
        return numba.njit(signature, **options)(twin)


@cache
def native() -> Any:
    """Numba, configured: its cache in a folder of our own, its thread pool, BLAS on one thread a caller."""
    os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")  # OpenMP and OpenBLAS disturb each other
    # In the environment and not only in numba.config: Numba reads the environment again when it changes.
    os.environ["NUMBA_CACHE_DIR"] = str(cache_folder())
    import numba
    import scipy.linalg.cython_blas  # noqa: F401  its BLAS must be loaded before the pools can be limited
    import threadpoolctl

    numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]
    threadpoolctl.threadpool_limits(1)
    return numba


def register_device_functions() -> None:
    """Make known to Numba what was registered since the last compilation; inlined, so that loops vectorise."""
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
    source = Path(__file__).parent
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
