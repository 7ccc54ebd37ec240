"""Golden values: what PyTorch computes for the engine's activations, layers, losses, optimizers and schedules.

Run with an interpreter that has PyTorch: `python tests/reference/make_golden.py`; it writes golden.npz beside it.
Weights are stored as the engine lays them out: (inputs, outputs).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import _muon

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
GOLDEN: dict[str, np.ndarray] = {}
STEPS = 10

ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
    "elu": lambda x: F.elu(x, 1.3),
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "sin": lambda x: torch.sin(3 * x),
}

LOSSES = {
    "mse": lambda z, t: F.mse_loss(z, t),
    "mae": lambda z, t: F.l1_loss(z, t),
    "huber": lambda z, t: F.huber_loss(z, t, delta=0.7),
}

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.95, momentum=0.5),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05),
    "adadelta": lambda p: torch.optim.Adadelta(p, lr=1.0, rho=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.02),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.02),
    "nadam": lambda p: torch.optim.NAdam(p, lr=0.02),
    "lion": lambda p: Lion(p, lr=0.003),
    "adafactor": lambda p: torch.optim.Adafactor(p, lr=0.3, eps=(1e-30, 1e-3)),
}
DECAY = 0.1


def main() -> None:
    activations()
    layers()
    losses()
    optimizers()
    schedules()
    one_cycles()
    focal_losses()
    np.savez_compressed(Path(__file__).with_name("golden.npz"), **GOLDEN)


def keep(name: str, **arrays: torch.Tensor | np.ndarray) -> None:
    for key, array in arrays.items():
        GOLDEN[f"{name}/{key}"] = array.detach().numpy().copy() if isinstance(array, torch.Tensor) else array


def gradients(name: str, x: torch.Tensor, y: torch.Tensor, dy: torch.Tensor) -> None:
    y.backward(dy)
    keep(name, x=x, y=y, dy=dy, dx=x.grad)


def leaf(*shape: int, scale: float = 1.0) -> torch.Tensor:
    return (scale * torch.randn(*shape)).requires_grad_()


def activations() -> None:
    for name, function in ACTIVATIONS.items():
        x = leaf(6, 7, scale=2)
        gradients(f"activations/{name}", x, function(x), torch.randn(6, 7))


def parameters(name: str, **modules: nn.Module) -> None:
    """Values and gradients by the engine's names: dense1.weight, layer_norm1.gain."""
    for layer, module in modules.items():
        weight, bias = module.weight, module.bias
        dense = isinstance(module, nn.Linear)
        keep(
            name,
            **{
                f"{layer}.{'weight' if dense else 'gain'}": weight.T if dense else weight,
                f"d {layer}.{'weight' if dense else 'gain'}": weight.grad.T if dense else weight.grad,
                f"{layer}.bias": bias,
                f"d {layer}.bias": bias.grad,
            },
        )


def shaken(module: nn.Module) -> nn.Module:
    """With parameters that are not the ones and zeros norms begin with."""
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module


def layers() -> None:
    x, dense = leaf(6, 5), shaken(nn.Linear(5, 4))
    gradients("layers/dense", x, torch.tanh(dense(x)), torch.randn(6, 4))
    parameters("layers/dense", dense1=dense)

    x, dense = leaf(6, 2, 3), shaken(nn.Linear(6, 4))
    gradients("layers/flatten", x, dense(x.flatten(1)), torch.randn(6, 4))
    parameters("layers/flatten", dense2=dense)

    x, norm = leaf(6, 2, 5), shaken(nn.LayerNorm(5))
    gradients("layers/layer_norm", x, norm(x), torch.randn(6, 2, 5))
    parameters("layers/layer_norm", layer_norm1=norm)

    x, norm = leaf(6, 2, 5), shaken(nn.BatchNorm1d(5, momentum=0.2))
    norm(torch.randn(12, 5))
    before = {"mean": norm.running_mean.clone(), "variance": norm.running_var.clone()}
    gradients("layers/batch_norm", x, norm(x.view(12, 5)).view(6, 2, 5), torch.randn(6, 2, 5))
    parameters("layers/batch_norm", batch_norm1=norm)
    keep("layers/batch_norm", mean=before["mean"], variance=before["variance"])
    keep("layers/batch_norm", mean_after=norm.running_mean, variance_after=norm.running_var)
    norm.eval()
    keep("layers/batch_norm", evaluated=norm(x.view(12, 5)).view(6, 2, 5))

    x, norm, inner, outer = (
        leaf(6, 5),
        shaken(nn.LayerNorm(5)),
        shaken(nn.Linear(5, 4)),
        shaken(nn.Linear(4, 5)),
    )
    f = outer(F.gelu(inner(norm(x)), approximate="tanh"))
    gradients("layers/residual", x, x + f, torch.randn(6, 5))
    within = {"residual1.layer_norm1": norm, "residual1.dense2": inner, "residual1.dense3": outer}
    parameters("layers/residual", **within)


def loss(name: str, z: torch.Tensor, t: torch.Tensor, value: torch.Tensor) -> None:
    value.backward()
    keep(f"losses/{name}", z=z, t=t.reshape(len(t), -1).double(), loss=value, dz=z.grad)


def losses() -> None:
    for name, function in LOSSES.items():
        z, t = leaf(8, 3), torch.randn(8, 3)
        loss(name, z, t, function(z, t))

    weights = torch.tensor([0.5, 1.0, 2.0, 1.5])
    z, t = leaf(8, 4, scale=2), torch.randint(0, 4, (8,))
    loss("cross_entropy", z, t, F.cross_entropy(z, t))
    z, t = leaf(8, 4, scale=2), torch.randint(0, 4, (8,))
    loss("cross_entropy_smoothed", z, t, F.cross_entropy(z, t, label_smoothing=0.1))
    z, t = leaf(8, 4, scale=2), torch.randint(0, 4, (8,))
    loss("cross_entropy_weighted", z, t, F.cross_entropy(z, t, weight=weights, reduction="sum") / 8)
    z, t = leaf(8, 4, scale=2), torch.randint(0, 4, (8,))
    loss("hinge_of_many", z, t, F.multi_margin_loss(z, t, weight=weights))

    pair = torch.tensor([0.5, 2.0])
    z, t = leaf(8, 1, scale=2), torch.randint(0, 2, (8, 1))
    q = t * 0.9 + 0.05
    loss("binary_cross_entropy", z, t, F.binary_cross_entropy_with_logits(z, q, weight=pair[t]))
    z, t = leaf(8, 1, scale=2), torch.randint(0, 2, (8, 1))
    loss("hinge_of_two", z, t, (pair[t] * F.relu(1 - (2 * t - 1) * z)).mean())


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of "Symbolic Discovery of Optimization Algorithms" (Chen et al. 2023)."""

    def __init__(
        self, params, lr: float, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0
    ):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p -= group["lr"] * (torch.sign(beta1 * m + (1 - beta1) * p.grad) + group["weight_decay"] * p)
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


def in_full_precision(grad: torch.Tensor, coefficients: tuple, steps: int, eps: float) -> torch.Tensor:
    """PyTorch's Newton–Schulz iteration without its rounding to bfloat16."""
    a, b, c = coefficients
    x = grad.T if grad.size(0) > grad.size(1) else grad
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if grad.size(0) > grad.size(1) else x


def muon_and_adamw(p: dict[str, nn.Parameter]) -> list[torch.optim.Optimizer]:
    """As the engine splits them: the last matrix and the biases are for AdamW, at a tenth of lr."""
    hidden = [p["dense1.weight"], p["dense2.weight"]]
    rest = [
        {"params": [p["dense3.weight"]], "weight_decay": DECAY},
        {"params": [p["dense1.bias"]], "weight_decay": 0.0},
    ]
    return [
        torch.optim.Muon(hidden, lr=0.02, weight_decay=DECAY),
        torch.optim.AdamW(rest, lr=0.002, betas=(0.9, 0.95)),
    ]


def with_decay_of_weights(make: Callable) -> Callable:
    def build(p: dict[str, nn.Parameter]) -> list[torch.optim.Optimizer]:
        weights = [value for name, value in p.items() if name.endswith("weight")]
        biases = [value for name, value in p.items() if name.endswith("bias")]
        groups = [{"params": weights, "weight_decay": DECAY}, {"params": biases, "weight_decay": 0.0}]
        return [make(groups)]

    return build


def optimizers() -> None:
    _muon._zeropower_via_newtonschulz = in_full_precision
    shapes = {"dense1.weight": (4, 3), "dense1.bias": (3,), "dense2.weight": (3, 5), "dense3.weight": (5, 2)}
    first = {name: torch.randn(shape) for name, shape in shapes.items()}
    slopes = {name: torch.randn(STEPS, *shape) for name, shape in shapes.items()}
    for name in shapes:
        keep("optimizers", **{name: first[name], f"d {name}": slopes[name]})
    cases = {name: with_decay_of_weights(make) for name, make in OPTIMIZERS.items()}
    for case, make in (cases | {"muon": muon_and_adamw}).items():
        p = {name: nn.Parameter(transposed(value).clone()) for name, value in first.items()}
        running = make(p)
        for i in range(STEPS):
            for name, value in p.items():
                value.grad = transposed(slopes[name][i]).clone()
            for optimizer in running:
                optimizer.step()
        keep(f"optimizers/{case}", **{name: transposed(value) for name, value in p.items()})


def transposed(a: torch.Tensor) -> torch.Tensor:
    """Between the engine's (inputs, outputs) and PyTorch's (outputs, inputs)."""
    return a.mT if a.ndim == 2 else a


def focal_losses() -> None:
    """−α(1 − p)^γ log p of the target's probability p (Lin et al. 2017)."""
    weights = torch.tensor([0.5, 1.0, 2.0, 1.5])
    for gamma in (0.5, 2.0):
        z, t = leaf(8, 4, scale=2), torch.randint(0, 4, (8,))
        log_p = torch.log_softmax(z, 1)[torch.arange(8), t]
        loss(f"focal_of_many_{gamma:g}", z, t, -(weights[t] * (1 - log_p.exp()) ** gamma * log_p).mean())
        z, t = leaf(8, 1, scale=2), torch.randint(0, 2, (8, 1))
        log_p = F.logsigmoid((2 * t - 1) * z)
        loss(f"focal_of_two_{gamma:g}", z, t, -(weights[t] * (1 - log_p.exp()) ** gamma * log_p).mean())


def one_cycles() -> None:
    """Whole runs of few steps."""
    for total in (3, 5, 7, 20, 33):
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 1.0, total, pct_start=0.5, div_factor=10, final_div_factor=100
        )
        factors = [optimizer.param_groups[0]["lr"]]
        for _ in range(total - 1):
            optimizer.step()
            scheduler.step()
            factors.append(optimizer.param_groups[0]["lr"])
        keep("schedules", **{f"one_cycle_{total}": np.array(factors)})


def schedules() -> None:
    """The factors of the first 200 steps."""
    schedule = torch.optim.lr_scheduler
    cases = {
        "step": lambda o: schedule.StepLR(o, 30, 0.5),
        "exponential": lambda o: schedule.ExponentialLR(o, 0.5 ** (1 / 30)),
        "cosine": lambda o: schedule.CosineAnnealingLR(o, 200, 0.1),
        "cosine_restarts": lambda o: schedule.CosineAnnealingWarmRestarts(o, 50, eta_min=0.1),
        "one_cycle": lambda o: schedule.OneCycleLR(o, 1.0, 200, div_factor=25, final_div_factor=400),
        "one_cycle_low": lambda o: schedule.OneCycleLR(
            o, 1.0, 200, pct_start=0.45, div_factor=10, final_div_factor=float("inf")
        ),
        "linear": lambda o: schedule.LinearLR(o, 1.0, 0.1, 200),
        "warmup": lambda o: schedule.LinearLR(o, 1 / 20, 1.0, 19),
    }
    for name, make in cases.items():
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler, factors = make(optimizer), []
        for _ in range(200):
            factors.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        keep("schedules", **{name: np.array(factors)})


if __name__ == "__main__":
    main()
