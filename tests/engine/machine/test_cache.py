"""The cache of compiled code: damage, read-only and full disks cost time, never a start."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMPILE = """
import json, sys
from engine.kernels.branches import add_gradient
from engine.machine.cache import cache_folder, complaints
from engine.machine.compiler import address
from engine.machine.memory import Area
from engine.machine.program import Operation, Phase, Program
from engine.machine.vm import run_lanes
import numpy as np

area = Area("work", np.dtype("float32"))
dx = area.tensor("dx", (3,))
fork = area.tensor("fork", (3,), area.tensor("dfork", (3,)))
area.allocate()
fork.gradient.array[:] = [1, 2, 3]
program = Program([Phase("add", [[Operation.of(add_gradient, fork=fork, dx=dx)]])], "float32")
run = run_lanes(False)
run(program.headers[0])
print(json.dumps({
    "result": dx.array.tolist(), "hits": add_gradient.native["float32"].cache_hits,
    "entry hits": sum(run.stats.cache_hits.values()), "complaints": complaints, "folder": str(cache_folder()),
}))
"""

# Stands for a file system that cannot be written: root, which tests may run as, may write anywhere else.
UNWRITABLE = """
import builtins, errno, io, os
def refuse(path):
    raise OSError(errno.{code}, os.strerror(errno.{code}), str(path))
def guarded(real, writes):
    def call(path, *arguments, **named):
        inside = str(path).startswith(os.environ["TUI_LAB_CACHE"])
        return refuse(path) if inside and writes(*arguments, **named) else real(path, *arguments, **named)
    return call
mode = lambda mode="r", *rest, **named: any(c in mode for c in "wax+")
builtins.open = io.open = guarded(builtins.open, mode)
if "{code}" == "EROFS":
    os.utime = guarded(os.utime, lambda *a, **n: True)
    os.mkdir = guarded(os.mkdir, lambda *a, **n: True)
"""


def compiled(cache: Path, before: str = "") -> dict:
    result = subprocess.run(
        [sys.executable, "-c", before + COMPILE], capture_output=True, text=True,
        env=os.environ | {"TUI_LAB_CACHE": str(cache)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-1000:]
    found: dict = json.loads(result.stdout)
    assert found["result"] == [1, 2, 3]
    return found


@pytest.fixture(scope="module")
def warm(tmp_path_factory) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    assert compiled(cache)["hits"] == 0
    found = compiled(cache)
    assert (found["hits"], found["entry hits"]) == (1, 1)
    return cache


def files_of(cache: Path) -> list[Path]:
    return sorted(p for p in cache.rglob("*") if p.suffix in (".nbi", ".nbc"))


DAMAGE = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "flipped": lambda content: content[:-200] + bytes(byte ^ 0xFF for byte in content[-200:]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_compiled_again_and_mended(warm, tmp_path, damage):
    cache = tmp_path / "cache"
    shutil.copytree(warm, cache)
    whole = {path: path.read_bytes() for path in files_of(cache)}
    assert {path.suffix for path in whole} == {".nbi", ".nbc"}
    for path, content in whole.items():
        path.write_bytes(DAMAGE[damage](content))
    found = compiled(cache)
    assert (found["hits"], found["entry hits"], found["complaints"]) == (0, 0, [])
    found = compiled(cache)
    assert (found["hits"], found["entry hits"]) == (1, 1)


def test_no_file_of_the_cache_blocks_a_start_whatever_byte_of_it_is_flipped(warm, tmp_path):
    """In this process, so that many bytes may be tried."""
    from engine.machine.numba_extensions.sealed_cache import unsealed

    for path in files_of(warm):
        content = path.read_bytes()
        copy = tmp_path / path.name
        for place in [*range(0, len(content), max(1, len(content) // 50)), len(content) - 1]:
            copy.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            assert unsealed(str(copy)) is None
        copy.write_bytes(content)
        assert unsealed(str(copy)) == content[32:]


def test_a_warm_cache_that_cannot_be_written_is_used(warm, tmp_path):
    found = compiled(warm, UNWRITABLE.format(code="EROFS"))
    assert (found["hits"], found["entry hits"], found["complaints"]) == (1, 1, [])
    assert found["folder"].startswith(str(warm))


def test_a_full_disk_is_told_by_the_name_of_the_cache_and_what_is_compiled_stays_in_memory(tmp_path):
    found = compiled(tmp_path, UNWRITABLE.format(code="ENOSPC"))
    (complaint,) = found["complaints"]
    assert complaint.startswith(f"the cache of compiled code in {tmp_path}")
    assert "No space left on device" in complaint
    assert "TUI_LAB_CACHE" in complaint
    assert files_of(tmp_path) == []
