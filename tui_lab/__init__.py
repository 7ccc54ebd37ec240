"""tui-lab: a training lab in the terminal, and the same from Python.

    import tui_lab as tl

    run = tl.train("spiral", lr=0.003)                    # a preset, a TOML file, a file of data, an Experiment
    run.history["val_loss"], run.test
    model = tl.load("runs/last")
    model.predict(x)

Every name in `__all__` is stable: it is kept, or replaced with a deprecation period of one minor version. Modules
under `engine`, `presets` and `tui_lab.*` may change at any time.

The names are listed once, in `__init__.pyi`, where type checkers read them; they are imported when first used, so
`import tui_lab` loads neither NumPy nor Numba.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any


def _names() -> dict[str, tuple[str, str]]:
    """Each public name with its module and its name there, from the stub."""
    tree = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    return {
        alias.asname: (node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.asname
    }


_NAMES = _names()

__all__ = ["__version__", *_NAMES]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("tui-lab")
    elif name in _NAMES:
        module, attribute = _NAMES[name]
        if module.startswith("engine"):
            import_module("engine.experiment")  # every family is registered before a component is built
        value = getattr(import_module(module), attribute)
    else:
        from difflib import get_close_matches

        near = get_close_matches(name, __all__, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"module 'tui_lab' has no attribute {name!r}{hint}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
