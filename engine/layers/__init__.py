"""Layers, one file a family; importing this package makes all of them known to the reader."""

from importlib import import_module
from pkgutil import iter_modules

from engine.layers.base import Layer

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Layer"]
