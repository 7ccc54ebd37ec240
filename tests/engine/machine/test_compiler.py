"""Compilation: lazy, cached on disk, shared by processes."""

import subprocess
import sys

from engine.machine.compiler import wrapper_source
from engine.machine.kernel import Kernel, kernel

WARM = """
from engine.kernels.dense import dense_forward
from engine.machine.compiler import address
address(dense_forward, "float32")
import numba
print(sum(dense_forward.native["float32"].cache_hits for _ in (1,)))
"""


def python(code: str, **environment: str) -> str:
    import os

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | environment, check=True
    )
    return result.stdout.strip()


def test_importing_the_engine_and_reading_experiments_does_not_import_numba_or_a_screen():
    code = (
        "import engine, engine.experiment, engine.trainer, engine.loop, sys;"
        "print([m for m in ('numba', 'scipy', 'click', 'rich', 'textual') if m in sys.modules])"
    )
    assert python(code) == "[]"


def test_a_second_process_finds_what_the_first_compiled(tmp_path):
    assert python(WARM, TUI_LAB_CACHE=str(tmp_path)) == "0"
    assert python(WARM, TUI_LAB_CACHE=str(tmp_path)) == "1"


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert python(WARM, TUI_LAB_CACHE=str(tmp_path / "file")) == "0"


def test_the_wrapper_unpacks_sizes_operands_and_immediates():
    @kernel
    def example(x: "N,I", clock: "int64[C]", start: "int"):
        pass

    from engine.machine.kernel import KERNELS

    KERNELS.pop("example")
    assert isinstance(example, Kernel)
    assert example.sizes == ("N", "I", "C")
    assert wrapper_source(example, "example_float32").splitlines() == [
        "def example_float32(row):",
        "    N = row[1]",
        "    I = row[2]",
        "    C = row[3]",
        "    kernel(carray(real(row[4]), (N, I,)), carray(int64(row[5]), (C,)), row[6])",
    ]


def test_warmup_knows_every_kernel():
    from engine.machine.program import all_kernels

    names = [k.name for k in all_kernels()]
    assert len(names) == len(set(names))
    assert {"dense_forward", "adamw_step", "draw_batch"} <= set(names)


def test_a_kernel_compiles_once_for_each_element_type():
    from engine.kernels.branches import copy_gradient
    from engine.machine.compiler import address

    single, double = address(copy_gradient, "float32"), address(copy_gradient, "float64")
    assert single != double
    assert (address(copy_gradient, "float32"), address(copy_gradient, "float64")) == (single, double)
    assert set(copy_gradient.native) == {"float32", "float64"}


def test_every_pool_of_blas_has_one_thread_once_the_compiler_is_ready():
    import threadpoolctl

    from engine.machine.compiler import native

    native()
    assert {
        pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"
    } == {1}
