"""The bits of a run do not depend on whether its kernels were compiled now or read from the cache, nor on threads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import presets

FEW = ["names-gpt"]
STEPS = 20

DIGESTS = f"""
import hashlib, json, sys
import presets
from engine.data import prepare
from engine.experiment import experiment_from
from engine.trainer import Trainer

found = {{}}
for name in sys.argv[2:]:
    experiment = experiment_from(presets.load(name), name)
    dataset = prepare(experiment.data, experiment.training.seed, experiment.training.precision)
    trainer = Trainer(experiment, dataset, threads=int(sys.argv[1]))
    trainer.start()
    while trainer.step < {STEPS}:
        trainer.advance(limit={STEPS})
    digest = hashlib.sha256()
    for key, array in sorted(trainer.arrays().items()):
        digest.update(key.encode() + array.tobytes())
    found[name] = digest.hexdigest()
print(json.dumps(found))
"""

# Functions of a kernel's native code that compute with fractions, but for the kernel's own: there are none. One
# that is linked in stands in two places, optimized once and twice, and which of them is called depends on the cache.
SHARED_ARITHMETIC = """
import re, sys
from engine.machine.compiler import address
from engine.machine.program import all_kernels

computes = re.compile(r"= (?:reassoc |nsz |arcp |contract |afn |fast )*(?:fadd|fsub|fmul|fdiv)|llvm.fma|llvm.fmuladd")
functions = re.compile(r'^define [^\\n]*?@"?([\\w.$]+)"?\\(.*?\\n(.*?)^}', re.S | re.M)
names = sys.argv[1:]
for kernel in all_kernels():
    if names and kernel.name not in names:
        continue
    for dtype in ("float32", "float64"):
        address(kernel, dtype)
        compiled = kernel.native[dtype]
        assert not compiled.cache_hits
        own = f"{kernel.name}_{dtype}"
        found = [name for name, body in functions.findall(compiled._library.get_llvm_str()) if computes.search(body)]
        print(own, *[name for name in found if own not in name])
"""


def python(code: str, *arguments: str, cache: Path, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE, text=True, check=True,
        env=os.environ | {"TUI_LAB_CACHE": str(cache), "NUMBA_NUM_THREADS": "3"} | environment,
    ).stdout  # fmt: skip


def digests(threads: int, names: list[str], cache: Path) -> dict[str, str]:
    return json.loads(python(DIGESTS, str(threads), *names, cache=cache))


@pytest.mark.parametrize(
    "names", [pytest.param(FEW, id="few"), pytest.param(presets.names(), id="all", marks=pytest.mark.slow)]
)
@pytest.mark.timeout(1800)
def test_kernels_compiled_now_or_read_from_the_cache_and_any_threads_give_the_same_bits(names, tmp_path):
    cold = digests(2, names, tmp_path)
    assert list(cold) == names
    for threads in (1, 3):
        assert digests(threads, names, tmp_path) == cold, f"{threads} threads, from the cache"


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["cross_entropy", "sgd_step", "rms_norm_backward"], id="few"),
        pytest.param([], id="all", marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(900)
def test_the_arithmetic_of_a_kernel_stands_in_its_native_code_once(names, tmp_path):
    lines = python(SHARED_ARITHMETIC, *names, cache=tmp_path).splitlines()
    assert len(lines) >= 2 * (len(names) or 100)
    assert [line for line in lines if len(line.split()) > 1] == []
