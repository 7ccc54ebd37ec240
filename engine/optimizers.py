"""Optimizers: each a few hyperparameters, the names of its state, and a kernel over flat memory."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from engine.component import Component
from engine.hyper import fields, hyper
from engine.jit import Kernel
from engine.kernels import optimizers as kernels

if TYPE_CHECKING:
    from engine.update import Update

Lr = Annotated[float, hyper("learning rate: the size of a step", ge=0, le=100, log=True, live=True)]
Beta = Annotated[float, hyper("decay of a running mean, a step", ge=0, lt=1, live=True)]
Epsilon = Annotated[float, hyper("keeps a division finite", ge=0, le=1, log=True, live=True)]
Decay = Annotated[float, hyper("weights shrink by lr·decay a step", ge=0, le=100, log=True, live=True)]


class Optimizer(Component, tag_field="name"):
    """Turns gradients into a step. Numeric fields after `lr` reach the kernel as h[0], h[1], …"""

    lr: Lr = 0.001

    slots: ClassVar[tuple[str, ...]] = ()
    kernel: ClassVar[Kernel]

    def numbers(self) -> list[float]:
        """The hyperparameters that the kernel reads, in the order of the fields; `lr` comes from the schedule."""
        return [float(getattr(self, f.name)) for f in fields(type(self)) if f.name != "lr"]

    def plan(self, update: "Update") -> None:
        """Emit the operations of one step: here the kernel over every stretch of trained memory."""
        for stretch in update.stretches():
            update.op(stretch, self.kernel, self.slots)


class AdamW(Optimizer, tag="adamw"):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019).

    m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← (1 − lr·λ)p − lr·m̂/(√v̂ + ε)
    """

    beta1: Beta = 0.9
    beta2: Beta = 0.999
    epsilon: Epsilon = 1e-8
    weight_decay: Decay = 0.01

    slots = ("m", "v")
    kernel = kernels.adamw_step
