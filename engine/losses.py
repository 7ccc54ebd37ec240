"""Losses: what is made small. Each has a kernel for training and a NumPy version for evaluation."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from msgspec.structs import replace

from engine.builder import Builder
from engine.component import Component
from engine.data import Dataset
from engine.errors import InputError
from engine.hyper import fields, hyper
from engine.kernels import losses as kernels
from engine.kernels import regression
from engine.machine.kernel import Kernel
from engine.machine.memory import Tensor
from engine.metrics import scored_positions

Smoothing = Annotated[
    float, hyper("label smoothing: fraction of the target spread over all classes", ge=0, lt=1, live=True)
]


class Loss(Component, tag_field="name"):
    """A loss over outputs z (N, C) and targets t (N, K), averaged over the batch."""

    def units(self, dataset: Dataset) -> int:
        """How many outputs the network must have. Raises InputError when the loss does not suit the data."""
        raise NotImplementedError

    def resolved(self, dataset: Dataset) -> "Loss":
        """This loss with what depends on the training rows worked out."""
        return self

    def plan(self, net: Builder, z: Tensor, t: Tensor, loss: Tensor) -> None:
        """Emit the kernel that writes the loss and the gradient of `z`."""
        raise NotImplementedError

    def values(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The loss of each row (N,) in float64, by the same formula."""
        raise NotImplementedError


class RegressionLoss(Loss):
    """A loss over numbers, averaged over the targets too; its fields reach the kernel by their names."""

    kernel: ClassVar[Kernel]

    def units(self, dataset: Dataset) -> int:
        if not dataset.task.predicts_numbers:
            raise InputError(
                f"loss.name = {self.tag()!r} needs numbers, the targets are {dataset.task.targets_are}; "
                f"try {dataset.task.usual_loss!r}"
            )
        return dataset.outputs

    def plan(self, net: Builder, z: Tensor, t: Tensor, loss: Tensor) -> None:
        numbers = {f.name: net.hyper(f.name, getattr(self, f.name)) for f in fields(type(self))}
        net.op(self.kernel, None, z=z, t=t, loss=loss, shard_info=net.shard_info, **numbers)

    def values(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        result: np.ndarray = self.of_errors(z.astype(np.float64) - t).mean(axis=1)
        return result

    def of_errors(self, error: np.ndarray) -> np.ndarray:
        """The loss of each error z − t."""
        raise NotImplementedError


class MeanSquaredError(RegressionLoss, tag="mse"):
    """(z − t)²"""

    kernel = regression.mean_squared_error

    def of_errors(self, error: np.ndarray) -> np.ndarray:
        return error**2


class MeanAbsoluteError(RegressionLoss, tag="mae"):
    """|z − t|, robust to outliers."""

    kernel = regression.mean_absolute_error

    def of_errors(self, error: np.ndarray) -> np.ndarray:
        result: np.ndarray = np.abs(error)
        return result


class Huber(RegressionLoss, tag="huber"):
    """error²/2 up to `delta`, delta·(|error| − delta/2) beyond (Huber 1964)."""

    delta: Annotated[float, hyper("error at which the loss becomes linear", gt=0, log=True, live=True)] = 1.0

    kernel = regression.huber

    def of_errors(self, error: np.ndarray) -> np.ndarray:
        inner = np.clip(error, -self.delta, self.delta)
        result: np.ndarray = inner * (error - inner / 2)
        return result


class ClassificationLoss(Loss):
    """A loss over classes. With class weights it is the mean over rows of weight·loss; PyTorch divides by the sum
    of the weights instead of the number of rows."""

    class_weights: Annotated[
        list[float] | Literal["balanced"],
        hyper(
            'weight of each class; empty: all 1; "balanced": inversely proportional to its frequency in training, '
            "1 for a class without rows"
        ),
    ] = []

    def __post_init__(self) -> None:
        if self.class_weights != "balanced" and any(not 0 <= w < np.inf for w in self.class_weights):
            raise ValueError("class_weights must be finite and not below 0")

    scores_tokens: ClassVar[bool] = False  # whether it suits text, too

    def units(self, dataset: Dataset) -> int:
        classes = dataset.outputs
        task = dataset.task
        if task.predicts_tokens and not self.scores_tokens:
            raise InputError(f"loss.name = {self.tag()!r} does not suit text; try {task.usual_loss!r}")
        if not (task.predicts_class or task.predicts_tokens):
            raise InputError(
                f"loss.name = {self.tag()!r} needs classes, the targets are {task.targets_are}; "
                f"try {task.usual_loss!r}"
            )
        if self.class_weights == "balanced" and not task.predicts_class:
            raise InputError("loss.class_weights = 'balanced' does not suit text; leave it out")
        if self.class_weights not in ([], "balanced") and len(self.class_weights) != classes:
            raise InputError(
                f"loss.class_weights has {len(self.class_weights)} numbers for {classes} classes"
            )
        return classes if task.predicts_tokens else self.scores(classes)

    def scores(self, classes: int) -> int:
        """How many outputs tell so many classes apart. Raises InputError when the loss cannot."""
        return classes

    def resolved(self, dataset: Dataset) -> Loss:
        if self.class_weights != "balanced":
            return self
        rows = np.bincount(dataset.train.y[:, 0].astype(int), minlength=dataset.outputs)
        there = rows > 0
        weights = np.where(there, rows.sum() / (there.sum() * np.maximum(rows, 1)), 1.0)
        return replace(self, class_weights=weights.tolist())

    def weights(self, classes: int) -> np.ndarray:
        """A weight for each class (C,)."""
        if self.class_weights == "balanced":
            raise ValueError("balanced class weights are not worked out yet: see resolved()")
        return np.array(self.class_weights or [1.0] * classes, np.float64)


class TokenLoss(ClassificationLoss):
    """A loss over class scores (N, C), or over the scores (N, T, V) of the next token at each position.

    Positions whose target is −1 do not count; the mean is over those that do.
    """

    scores_tokens = True

    def operands(self, net: Builder, z: Tensor, t: Tensor) -> dict[str, Tensor]:
        """Scores (P, C), targets (P, 1) and weights (C,) for a kernel, and how many targets of a row count."""
        classes = net.outputs
        scored = t.size / t.shape[0] if net.scored is None else net.scored
        return {
            "z": z.reshaped((z.size // classes, classes)),
            "t": t.reshaped((t.size, 1)),
            "weights": net.constant("class_weights", self.weights(classes)),
            "scored": net.constant("scored", np.array([scored])),
        }


class CrossEntropy(TokenLoss, tag="cross_entropy"):
    """−log softmax(z)[target]"""

    label_smoothing: Smoothing = 0.0

    def plan(self, net: Builder, z: Tensor, t: Tensor, loss: Tensor) -> None:
        smoothing = net.hyper("label_smoothing", self.label_smoothing)
        net.op(
            kernels.cross_entropy, None,
            loss=loss, shard_info=net.shard_info, smoothing=smoothing, **self.operands(net, z, t),
        )  # fmt: skip

    def values(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        log_p, target = scored_positions(z, t)
        classes, smooth = log_p.shape[1], self.label_smoothing
        picked = log_p[np.arange(len(log_p)), target]
        result: np.ndarray = -self.weights(classes)[target] * (
            (1 - smooth) * picked + smooth * log_p.mean(axis=1)
        )
        return result


class Focal(TokenLoss, tag="focal"):
    """−(1 − p)^gamma·log p, p the probability of the target: easy rows count less, rare and hard rows
    more (Lin et al. 2017). Of two classes over one logit (N, 1), above 0 for the second; α_t is `class_weights`.
    """

    gamma: Annotated[
        float,
        hyper(
            "focusing parameter: larger values give easy rows less weight; 0: cross-entropy",
            ge=0,
            le=10,
            live=True,
        ),
    ] = 2.0

    def scores(self, classes: int) -> int:
        return 1 if classes == 2 else classes

    def plan(self, net: Builder, z: Tensor, t: Tensor, loss: Tensor) -> None:
        gamma = net.hyper("gamma", self.gamma)
        if net.outputs > 1:
            operands, kernel = self.operands(net, z, t), kernels.focal_of_many
        else:
            operands = {"z": z, "t": t, "weights": net.constant("class_weights", self.weights(2))}
            kernel = kernels.focal_of_two
        net.op(kernel, None, loss=loss, shard_info=net.shard_info, gamma=gamma, **operands)

    def values(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        if z.shape[-1] == 1:
            target = t[:, 0].astype(int)
            log_p = -np.logaddexp(0, -(2 * target - 1) * z[:, 0].astype(np.float64))
            weights = self.weights(2)[target]
        else:
            scores, target = scored_positions(z, t)
            log_p, weights = scores[np.arange(len(scores)), target], self.weights(scores.shape[1])[target]
        result: np.ndarray = -weights * (-np.expm1(log_p)) ** self.gamma * log_p
        return result


class BinaryCrossEntropy(ClassificationLoss, tag="binary_cross_entropy"):
    """log(1 + e^z) − t·z over one logit (N, 1) for two classes; above 0 it is the second."""

    label_smoothing: Smoothing = 0.0

    def scores(self, classes: int) -> int:
        if classes != 2:
            raise InputError(
                f"loss.name = {self.tag()!r} needs two classes, the data has {classes}; try 'cross_entropy'"
            )
        return 1

    def plan(self, net: Builder, z: Tensor, t: Tensor, loss: Tensor) -> None:
        weights = net.constant("class_weights", self.weights(2))
        smoothing = net.hyper("label_smoothing", self.label_smoothing)
        net.op(
            kernels.binary_cross_entropy, None,
            z=z, t=t, loss=loss, shard_info=net.shard_info, smoothing=smoothing, weights=weights,
        )  # fmt: skip

    def values(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        z, target = z[:, 0].astype(np.float64), t[:, 0].astype(np.float64)
        q = target + self.label_smoothing * (0.5 - target)
        result: np.ndarray = self.weights(2)[target.astype(int)] * (np.logaddexp(0, z) - q * z)
        return result


class Hinge(ClassificationLoss, tag="hinge"):
    """max(0, margin ± z) over one score (N, 1) for two classes, above 0 for the second; for more classes the mean
    over all scores (N, C) of max(0, margin − z[target] + z[c]), c ≠ target (Weston & Watkins 1999)."""

    margin: Annotated[float, hyper("margin beyond which the loss is 0", gt=0, live=True)] = 1.0

    def scores(self, classes: int) -> int:
        return 1 if classes == 2 else classes

    def plan(self, net: Builder, z: Tensor, t: Tensor, loss: Tensor) -> None:
        of_two = z.shape[1] == 1
        weights = net.constant("class_weights", self.weights(2 if of_two else z.shape[1]))
        kernel = kernels.hinge_of_two if of_two else kernels.hinge_of_many
        margin = net.hyper("margin", self.margin)
        net.op(kernel, None, z=z, t=t, loss=loss, shard_info=net.shard_info, margin=margin, weights=weights)

    def values(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        z, target = z.astype(np.float64), t[:, 0].astype(int)
        N, C = z.shape
        loss: np.ndarray
        if C == 1:
            loss = self.weights(2)[target] * np.maximum(0, self.margin - (2 * target - 1) * z[:, 0])
            return loss
        gaps = np.maximum(0, self.margin - z[np.arange(N), target][:, None] + z)
        gaps[np.arange(N), target] = 0
        loss = self.weights(C)[target] * gaps.sum(axis=1) / C
        return loss
