"""Augmentation: training rows are changed a little, anew each time they are drawn, so that more cannot be learnt by
heart."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np

from engine.builder import Builder
from engine.component import Component
from engine.hyper import hyper
from engine.kernels import augment as kernels
from engine.losses import Loss
from engine.machine.kernel import Kernel
from engine.machine.memory import Tensor

# Random numbers of the steps come from streams beyond those of the network, which so do not change with the list.
STREAM = 1 << 16


@dataclass
class Batch:
    """A shard's rows x (N, …) and targets t (N, K) on their way to the network, changed by one step after another.

    `mirror` gives the rows that stand as far from the batch's end as these from its beginning, changed by the steps
    before; its last row faces the first one of these.
    """

    net: Builder
    x: Tensor
    t: Tensor
    shard_info: Tensor  # which rows of the batch these are
    classes: bool  # whether t holds numbers of classes
    mirror: Callable[[], "Batch"]
    stream: int = STREAM
    share: Tensor | None = None  # of the row itself, after mixing
    other: Tensor | None = None  # the targets that have the rest

    def images(self) -> Tensor:
        """x as images. Raises ValueError where it holds something else."""
        if len(self.x.shape) != 4:
            raise ValueError(f"needs images (H, W, C), the inputs are {self.x.shape[1:]}")
        return self.x

    def op(self, kernel: Kernel, **operands: Tensor | int) -> None:
        """Emit a kernel that draws random numbers for these rows."""
        self.net.op(
            kernel, None, clock=self.net.clock, shard_info=self.shard_info, stream=self.stream, **operands
        )

    def plan_loss(self, loss: Loss, z: Tensor, result: Tensor) -> None:
        """Emit the loss of outputs z; of mixed rows the mean of those against both targets, by their shares."""
        loss.plan(self.net, z, self.t, result)
        if self.share is None or self.other is None:
            return
        net = self.net
        with net.scope("mixup"):
            gradient = net.workspace_gradients.tensor(net.name("outputs"), z.shape)
            twin = replace(z, gradient=gradient)
            second = self.number("loss")
            loss.plan(net, twin, self.other, second)
        net.op(kernels.mix_losses, None, z=z, twin=twin, loss=result, other=second, share=self.share)

    def number(self, name: str) -> Tensor:
        """Room for one number in float64."""
        area = self.net.memory.area(f"{self.net.workspace.name}.numbers", np.float64)
        return area.tensor(self.net.name(name), (1,))


class Augmentation(Component, tag_field="step"):
    """A change to training rows, drawn anew each time.

    It is a function of the seed, the step's place in the list and the row's place in the endless sequence of samples:
    the bits do not depend on how that is cut into batches and shards.
    """

    live_family = True

    def plan(self, batch: Batch) -> None:
        """Emit the kernel that changes the rows. Raises ValueError for inputs that cannot be changed so."""
        raise NotImplementedError


class Noise(Augmentation, tag="noise"):
    """Normal noise on every input, of tables and points as well as of images (Bishop 1995)."""

    std: Annotated[float, hyper("standard deviation of the noise", ge=0, le=100, log=True, live=True)] = 0.1

    def plan(self, batch: Batch) -> None:
        batch.op(kernels.add_noise, x=batch.x, std=batch.net.hyper("std", self.std))


class Shift(Augmentation, tag="shift"):
    """Images (H, W, C) move by whole pixels, down or up and right or left; series (T, C) move in time."""

    pixels: Annotated[
        int, hyper("maximum shift in each direction", ge=0, le=1024, live=True, unit="pixels")
    ] = 2

    def plan(self, batch: Batch) -> None:
        x = batch.x
        if len(x.shape) == 3:  # a series is an image one pixel wide
            x = x.reshaped((*x.shape[:2], 1, x.shape[2]))
        if len(x.shape) != 4:
            raise ValueError(f"needs images (H, W, C) or series (T, C), the inputs are {x.shape[1:]}")
        y = batch.net.scratch("rows", x.shape)
        batch.op(kernels.shift, x=x, y=y, pixels=batch.net.hyper("pixels", self.pixels))
        batch.x = y.reshaped(batch.x.shape)


class Flip(Augmentation, tag="flip"):
    """Images (H, W, C) are mirrored, or not: right where left and right mean the same."""

    rate: Annotated[float, hyper("fraction of images that are flipped", ge=0, le=1, live=True)] = 0.5
    direction: Annotated[Literal["horizontal", "vertical"], hyper("axis of the flip", live=True)] = (
        "horizontal"
    )

    def plan(self, batch: Batch) -> None:
        vertical = int(self.direction == "vertical")
        batch.op(kernels.flip, x=batch.images(), rate=batch.net.hyper("rate", self.rate), vertical=vertical)


class Rotate(Augmentation, tag="rotate"):
    """Images (H, W, C) turn about their center by a small angle, either way."""

    degrees: Annotated[float, hyper("maximum angle", ge=0, le=180, live=True, unit="degrees")] = 10.0

    def plan(self, batch: Batch) -> None:
        x = batch.images()
        y = batch.net.scratch("rows", x.shape)
        batch.op(kernels.rotate, x=x, y=y, degrees=batch.net.hyper("degrees", self.degrees))
        batch.x = y


class Cutout(Augmentation, tag="cutout"):
    """A square of each image (H, W, C) becomes 0, the mean where inputs are standardized (DeVries & Taylor 2017)."""

    size: Annotated[int, hyper("side of the square", ge=0, le=1024, live=True, unit="pixels")] = 8

    former_tags = ("cut_out",)

    def plan(self, batch: Batch) -> None:
        batch.op(kernels.cutout, x=batch.images(), size=batch.net.hyper("size", self.size))


class Mixup(Augmentation, tag="mixup"):
    """Each row is mixed with another one of its batch, and so are the targets (Zhang et al. 2018).

    x ← λx + (1−λ)x', λ ~ Beta(α, α) for the whole batch, x' the row as far from the batch's end as x from its
    beginning. Numbers to predict are mixed alike; of classes the loss is λ·L(z, t) + (1−λ)·L(z, t').
    """

    alpha: Annotated[
        float, hyper("parameter of the Beta distribution; 0: no mixing; 1: uniform", ge=0, le=4, live=True)
    ] = 0.2

    def plan(self, batch: Batch) -> None:
        if batch.share is not None:
            raise ValueError("can stand in the list only once")
        net, mirror = batch.net, batch.mirror()
        share = batch.share = batch.number("share")
        batch.op(kernels.draw_share, alpha=net.hyper("alpha", self.alpha), share=share)
        mixed = net.scratch("rows", batch.x.shape)
        net.op(kernels.mix_rows, None, x=batch.x, mirror=mirror.x, y=mixed, share=share)
        targets = net.scratch("targets", batch.t.shape)
        if batch.classes:
            net.op(kernels.reverse_rows, None, x=mirror.t, y=targets)
            batch.other = replace(targets, vocabulary=mirror.t.vocabulary, least=mirror.t.least)
        else:
            net.op(kernels.mix_rows, None, x=batch.t, mirror=mirror.t, y=targets, share=share)
            batch.t = targets
        batch.x = mixed
