"""The cache of compiled code: its folder, its lock, and what went wrong with it.

It stands in the user's cache folder, or where TUI_LAB_CACHE says; one folder for each state of the source and of the
libraries. One that was not used for two weeks is removed; all of them may be removed at any time.
"""

import hashlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import numpy as np

COMPILED = ("kernels/*.py", "machine/**/*.py")  # all that native code is made of
OLD_CACHE_SECONDS = 14 * 24 * 3600

complaints: list[str] = []  # about the cache, for whoever shows such things; each once


def complain(what: str, error: OSError) -> None:
    """Note that the cache cannot be used as it should; compiled code stays in memory then."""
    complaint = (
        f"the cache of compiled code in {cache_folder()} {what} ({error.strerror or error}): what is compiled now "
        "is compiled again next time; make room there, or set TUI_LAB_CACHE to another folder"
    )
    if complaint not in complaints:
        complaints.append(complaint)


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
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a read-only home: compile again each time rather than fail
        import tempfile

        return Path(tempfile.mkdtemp(prefix="tui-lab-"))
    with suppress(OSError):  # a warm cache that cannot be written is used as it is
        os.utime(folder)
        remove_old_caches(root)
    return folder


def remove_old_caches(root: Path) -> None:
    for sibling in root.iterdir():
        if sibling.is_dir() and time.time() - sibling.stat().st_mtime > OLD_CACHE_SECONDS:
            shutil.rmtree(sibling, ignore_errors=True)


_compiling = threading.RLock()


@contextmanager
def cache_lock(name: str) -> Iterator[None]:
    """One compiler at a time in this process, and of the function of that name in all processes: Numba's cold cache
    bears no more (numba #4807)."""
    with _compiling:
        try:
            import fcntl

            lock = open(cache_folder() / f"{name}.lock", "w")  # noqa: SIM115  closed below
        except (
            ImportError,
            OSError,
        ):  # no such locks here, or a cache that cannot be written: nobody writes there
            yield
            return
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
