"""`import tui_lab as tl`: every component by name, nothing heavy before it is used."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import tui_lab as tl
from engine.catalog import entries

ROOT = Path(__file__).parents[2]


def tool(name: str):
    spec = spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_component_is_there_by_its_class_name():
    for entry in entries():
        if entry.cls is not None:
            assert getattr(tl, entry.class_name) is entry.cls
            assert entry.class_name in tl.__all__


def test_no_two_components_share_a_name():
    names = [entry.class_name for entry in entries() if entry.cls is not None]
    assert len(names) == len(set(names))


def test_the_stub_lists_what_there_is():
    make = tool("make_reference")
    assert make.STUB.read_text(encoding="utf-8") == make.stub_text(), "run python tools/make_reference.py"


def test_all_public_names_can_be_imported():
    for name in tl.__all__:
        assert getattr(tl, name) is not None
    assert set(tl.__all__) <= set(dir(tl))


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert tl.__version__ == version("tui-lab")


def test_a_misspelt_name_leads_to_the_right_one():
    with pytest.raises(AttributeError, match="did you mean 'Dense'"):
        tl.Dens  # noqa: B018


def test_importing_it_loads_nothing_heavy():
    program = (
        "import sys, tui_lab; print([m for m in ('numpy', 'numba', 'msgspec', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.timing
def test_importing_it_takes_milliseconds():
    program = "import time; b = time.perf_counter(); import tui_lab; print(time.perf_counter() - b)"
    times = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(times) < 0.1


def test_a_component_built_first_knows_all_families():
    program = "import tui_lab as tl; print(tl.Dense(8, 'gelu'), tl.Residual(['dense']))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "Dense(units=8, activation=Gelu()) Residual(layers=[Dense()])\n"
