import subprocess
import sys


def test_charts_import_nothing_but_numpy_and_the_widths_of_characters():
    code = (
        "import sys, pkgutil, importlib, tui_lab.charts as c\n"
        "[importlib.import_module(m.name) for m in pkgutil.iter_modules(c.__path__, c.__name__ + '.')]\n"
        "print(sorted({'rich.console', 'textual', 'numba', 'scipy', 'click', 'engine'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
