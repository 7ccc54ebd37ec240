"""Probes: what can be seen of a network, computed beside the training and never touching it. Importing this package
makes all of them known."""

from importlib import import_module
from pkgutil import iter_modules

from engine.probes.probe import Probe, kinds, suited
from engine.probes.subject import Subject

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Probe", "Subject", "kinds", "suited"]
