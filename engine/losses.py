"""Losses: what is made small. Each has a kernel for training and a NumPy version for evaluation."""

from typing import TYPE_CHECKING, Annotated

import numpy as np

from engine.component import Component
from engine.errors import InputError
from engine.hyper import hyper
from engine.kernels import losses as kernels
from engine.memory import Tensor

if TYPE_CHECKING:
    from engine.data import Dataset
    from engine.network import Builder


class Loss(Component, tag_field="name"):
    """A loss over outputs z (N, C) and targets t (N, K), averaged over the batch."""

    def units(self, dataset: "Dataset") -> int:
        """How many outputs the network must have. Raises InputError when the loss does not suit the data."""
        raise NotImplementedError

    def plan(self, net: "Builder", z: Tensor, t: Tensor, loss: Tensor) -> None:
        """Emit the kernel that writes the loss and the gradient of `z`."""
        raise NotImplementedError

    def values(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The loss of each row (N,) in float64, by the same formula."""
        raise NotImplementedError


class CrossEntropy(Loss, tag="cross_entropy"):
    """Softmax cross-entropy over class scores (N, C)."""

    label_smoothing: Annotated[
        float, hyper("share of the target spread over all classes", ge=0, lt=1, live=True)
    ] = 0.0
    class_weights: Annotated[list[float], hyper("a weight a class; empty: all 1")] = []

    def units(self, dataset: "Dataset") -> int:
        if dataset.task != "classification":
            raise InputError(f"loss.name = {self.tag()!r} needs classes, the targets are numbers; try 'mse'")
        return dataset.outputs

    def weights(self, classes: int) -> np.ndarray:
        if self.class_weights and len(self.class_weights) != classes:
            raise ValueError(f"class_weights has {len(self.class_weights)} numbers for {classes} classes")
        return np.array(self.class_weights or [1.0] * classes)

    def plan(self, net: "Builder", z: Tensor, t: Tensor, loss: Tensor) -> None:
        weights = net.constant("class_weights", self.weights(z.shape[1]))
        smoothing = net.hyper("label_smoothing", self.label_smoothing)
        net.op(
            kernels.cross_entropy, None,
            z=z, t=t, loss=loss, lane=net.lane, smoothing=smoothing, weights=weights,
        )  # fmt: skip

    def values(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        target = t[:, 0].astype(int)
        z = z.astype(np.float64) - z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        picked = log_p[np.arange(len(z)), target]
        smooth = self.label_smoothing
        return -self.weights(z.shape[1])[target] * ((1 - smooth) * picked + smooth * log_p.mean(axis=1))
