"""Layers: their weights, and histograms of what flows through them."""

import numpy as np

from engine.layers.dense import Dense
from engine.probes.probe import Probe
from engine.probes.subject import Subject
from engine.trainer import Trainer


class WeightsProbe(Probe, frozen=True):
    """(layer, weights (inputs, units)) of the dense layers, for drawing the network."""

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return bool(dense_weights(subject.trainer))

    def take(self, subject: Subject) -> list[tuple[str, np.ndarray]]:
        memory = subject.trainer.evaluator.memory
        return [(name, memory[f"{name}.weight"].copy()) for name in dense_weights(subject.trainer)]


class HistogramsProbe(Probe, frozen=True):
    """Histograms of a layer's weights, gradients and activations after the last step, by name."""

    layer: str = ""

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return True

    def take(self, subject: Subject) -> dict[str, tuple[np.ndarray, float, float]]:
        return layer_histograms(subject.trainer, self.layer)


def dense_weights(trainer: Trainer) -> list[str]:
    """The dense layers, in their order."""
    blocks = trainer.evaluator.builder.blocks
    return [b.name for b in blocks if "." not in b.name and isinstance(b.layer, Dense)]


def histogram(values: np.ndarray, bins: int = 40) -> tuple[np.ndarray, float, float]:
    """(counts (bins,), low, high) of the finite values."""
    finite = values[np.isfinite(values)].ravel()
    if not finite.size:
        return np.zeros(bins, int), 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.histogram(finite, bins, (low, high))[0], low, high


def layer_histograms(trainer: Trainer, name: str) -> dict[str, tuple[np.ndarray, float, float]]:
    """Histograms of a layer's weights, gradients and activations after the last step."""
    net = trainer.plan.replicas[0]
    block = next((b for b in net.blocks if b.name == name), None)
    if block is None:
        return {}
    found = {"activations": histogram(block.output.array)}
    if block.output.gradient is not None:
        found["gradients"] = histogram(block.output.gradient.array)
    weight = next((p for p in block.parameters if p.endswith("weight")), None)
    if weight is not None:
        found["weights"] = histogram(trainer.memory.areas["parameters"].tensors[weight].array)
    return found
