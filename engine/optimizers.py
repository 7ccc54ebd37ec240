"""Optimizers: each a few hyperparameters, the names of its state, and a kernel over flat memory."""

from dataclasses import replace
from math import prod
from typing import Annotated, ClassVar

from engine.builder import Role
from engine.component import Component
from engine.hyper import fields, hyper
from engine.kernels import adafactor, muon
from engine.kernels import optimizers as kernels
from engine.machine.kernel import Kernel
from engine.machine.memory import Tensor
from engine.network import NetworkSpec
from engine.update import Update

Lr = Annotated[float, hyper("learning rate", ge=0, le=100, log=True, live=True)]
Beta = Annotated[float, hyper("decay of the running mean per step", ge=0, lt=1, live=True)]
Epsilon = Annotated[float, hyper("small constant for numerical stability", gt=0, le=1, log=True, live=True)]
Decay = Annotated[float, hyper("decoupled weight decay", ge=0, le=100, log=True, live=True)]
Pull = Annotated[float, hyper("weight decay added to the gradient (L2)", ge=0, le=100, log=True, live=True)]
Momentum = Annotated[float, hyper("momentum", ge=0, lt=1, live=True)]


class Optimizer(Component, tag_field="name"):
    """Turns gradients into a step; a member's fields reach its kernel as operands of the same names.

    `lr` comes from the schedule, step by step. Weight decay applies to weights, not to biases and the parameters of
    norms: a kernel's operand `decay` says which it has.
    """

    lr: Lr = 0.001

    live_family = True
    states: ClassVar[tuple[str, ...]] = ()
    kernel: ClassVar[Kernel]

    def whole(self, network: NetworkSpec) -> frozenset[str]:
        """The parameters that a kernel must see by themselves, in their own shape."""
        return frozenset()

    def numbers(self, update: Update) -> dict[str, Tensor]:
        """The hyperparameters besides `lr`, by name, as kernels read them."""
        return {
            f.name: update.hyper(f.name, getattr(self, f.name)) for f in fields(type(self)) if f.name != "lr"
        }

    def plan(self, update: Update) -> None:
        """Emit the operations of one step: here the kernel over every segment of trained memory."""
        for segment in update.segments():
            states = {name: update.state(segment, name) for name in self.states}
            update.op(segment, self.kernel, **states, **self.numbers(update))


class Sgd(Optimizer, tag="sgd"):
    """Gradient descent with momentum (Polyak 1964) and, optionally, Nesterov's look-ahead (Sutskever et al. 2013).

    g ← g + λp;  m ← μm + g;  p ← p − lr·m, with Nesterov p ← p − lr·(g + μm)
    """

    lr: Lr = 0.01
    momentum: Momentum = 0.0
    nesterov: Annotated[bool, hyper("Nesterov momentum", live=True)] = False
    weight_decay: Pull = 0.0

    states = ("m",)
    kernel = kernels.sgd_step


class RmsProp(Optimizer, tag="rmsprop"):
    """The gradient over its running root mean square (Tieleman & Hinton 2012).

    g ← g + λp;  v ← ρv + (1−ρ)g²;  m ← μm + g/(√v + ε);  p ← p − lr·m
    """

    rho: Beta = 0.99
    epsilon: Epsilon = 1e-8
    momentum: Momentum = 0.0
    weight_decay: Pull = 0.0

    states = ("v", "m")
    kernel = kernels.rmsprop_step


class Adagrad(Optimizer, tag="adagrad"):
    """The gradient over the root of the sum of all its squares (Duchi et al. 2011).

    g ← g + λp;  v ← v + g²;  p ← p − lr·g/(√v + ε)
    """

    lr: Lr = 0.01
    epsilon: Epsilon = 1e-10
    weight_decay: Pull = 0.0

    states = ("v",)
    kernel = kernels.adagrad_step


class Adadelta(Optimizer, tag="adadelta"):
    """The gradient scaled by the size of recent steps over that of recent gradients (Zeiler 2012).

    g ← g + λp;  v ← ρv + (1−ρ)g²;  d = g·√((u + ε)/(v + ε));  u ← ρu + (1−ρ)d²;  p ← p − lr·d
    """

    lr: Lr = 1.0
    rho: Beta = 0.9
    epsilon: Epsilon = 1e-6
    weight_decay: Pull = 0.0

    states = ("v", "u")
    kernel = kernels.adadelta_step


class Adam(Optimizer, tag="adam"):
    """Running means of the gradient and of its square, with bias correction (Kingma & Ba 2015).

    g ← g + λp;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← p − lr·m̂/(√v̂ + ε)
    """

    beta1: Beta = 0.9
    beta2: Beta = 0.999
    epsilon: Epsilon = 1e-8
    weight_decay: Pull = 0.0

    states = ("m", "v")
    kernel = kernels.adam_step


class AdamW(Optimizer, tag="adamw"):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019).

    m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← (1 − lr·λ)p − lr·m̂/(√v̂ + ε)
    """

    beta1: Beta = 0.9
    beta2: Beta = 0.999
    epsilon: Epsilon = 1e-8
    weight_decay: Decay = 0.01

    states = ("m", "v")
    kernel = kernels.adamw_step


class Nadam(Optimizer, tag="nadam"):
    """Adam with Nesterov's look ahead (Dozat 2016), β₁ warming up as μ_t = β₁(1 − 0.96^(t·ψ)/2).

    g ← g + λp;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²
    p ← p − lr·(μ_{t+1}·m/(1 − Πμ_{≤t+1}) + (1 − μ_t)·g/(1 − Πμ_{≤t}))/(√v̂ + ε)
    """

    beta1: Beta = 0.9
    beta2: Beta = 0.999
    epsilon: Epsilon = 1e-8
    weight_decay: Pull = 0.0
    momentum_decay: Annotated[float, hyper("ψ: speed of the momentum warm-up", ge=0, le=1, live=True)] = 0.004

    states = ("m", "v")
    kernel = kernels.nadam_step


class Lion(Optimizer, tag="lion"):
    """The sign of a running mean: every weight moves by the same amount (Chen et al. 2023).

    p ← (1 − lr·λ)p − lr·sign(β₁m + (1−β₁)g);  m ← β₂m + (1−β₂)g
    """

    lr: Lr = 1e-4
    beta1: Beta = 0.9
    beta2: Beta = 0.99
    weight_decay: Decay = 0.0

    states = ("m",)
    kernel = kernels.lion_step


class Muon(Optimizer, tag="muon"):
    """For hidden matrices momentum made nearly orthogonal by Newton–Schulz iterations (Jordan et al. 2024).

    m ← μm + (1−μ)g;  u = (1−μ)g + μm with Nesterov, else m
    p ← (1 − lr·λ)p − lr·√max(1, outputs/inputs)·orthogonal(u)

    Everything else is trained by AdamW with lr·rest: the head, embeddings, positions, biases, norms, and filters of
    convolutions.
    """

    lr: Lr = 0.02
    momentum: Momentum = 0.95
    nesterov: Annotated[bool, hyper("Nesterov momentum", live=True)] = True
    weight_decay: Decay = 0.01
    rest: Annotated[
        float, hyper("learning rate of AdamW relative to lr", gt=0, le=10, log=True, live=True)
    ] = 0.1
    beta1: Beta = 0.9
    beta2: Beta = 0.95
    epsilon: Epsilon = 1e-8

    states = ("m", "v")

    def whole(self, network: NetworkSpec) -> frozenset[str]:
        return frozenset(p.name for p in network.parameters if p.role is Role.HIDDEN and len(p.shape) == 2)

    def plan(self, update: Update) -> None:
        for segment in update.segments():
            operands = {name: update.state(segment, name) for name in self.states} | self.numbers(update)
            if not segment.shape:
                update.op(segment, muon.muon_rest_step, **operands)
                continue
            smaller = min(segment.shape)
            operands |= {name: update.scratch(segment, name, segment.shape) for name in "xy"}
            operands |= {name: update.scratch(segment, name, (smaller, smaller)) for name in "ab"}
            update.op(segment, muon.muon_step, **operands)


class Adafactor(Optimizer, tag="adafactor"):
    """Adam's second moments from sums over rows and columns: a matrix (I, O) needs I + O numbers of state
    (Shazeer & Stern 2018).

    R ← β₂R + (1−β₂)·mean over columns of g² + ε₁;  C likewise over rows;  v = R·C/mean R;  β₂ = 1 − t^−decay_rate
    u = g/√v;  u ← u/max(1, RMS(u)/clip);  p ← (1 − lr·λ)p − max(least_scale, RMS(p))·min(lr, 1/√t)·u

    `lr` is the size of a step relative to the parameter's own, at most. Vectors keep a v of their own. Of weights
    with more than two axes all but the last are taken as one.
    """

    lr: Lr = 0.01
    decay_rate: Annotated[
        float, hyper("exponent of the second-moment decay: β₂ = 1 − t^−decay_rate", gt=0, le=1, live=True)
    ] = 0.8
    epsilon: Annotated[
        float, hyper("ε₁, added to g² for numerical stability", gt=0, le=1, log=True, live=True)
    ] = 1e-30
    least_scale: Annotated[
        float, hyper("minimum RMS of a parameter when scaling its step", gt=0, le=1, log=True, live=True)
    ] = 1e-3
    clip: Annotated[float, hyper("maximum RMS of the update", gt=0, le=100, log=True, live=True)] = 1.0
    weight_decay: Decay = 0.0

    def whole(self, network: NetworkSpec) -> frozenset[str]:
        return frozenset(network.shapes)

    def plan(self, update: Update) -> None:
        for segment in update.segments():
            if len(segment.shape) < 2:
                v = update.state(segment, "v", segment.shape)
                update.op(segment, adafactor.adafactor_vector_step, v=v, **self.numbers(update))
                continue
            *leading, columns = segment.shape
            matrix = replace(segment, shape=(prod(leading), columns))
            row = update.state(matrix, "row", matrix.shape[:1])
            column = update.state(matrix, "column", matrix.shape[1:])
            update.op(matrix, adafactor.adafactor_matrix_step, row=row, column=column, **self.numbers(update))
