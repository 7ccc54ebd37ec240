"""The engine's layers, losses and optimizers in PyTorch, from the same components and parameters of the same names.

Written from PyTorch's own operations, without a look at the engine's kernels: tests/reference/fuzz.py holds the two
against each other. Images are (N, H, W, C) here, too; weights are stored as the engine lays them out.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch.optim import _muon

from engine import losses
from engine.activations import Activation
from engine.layers import Layer
from engine.layers.windows import Windows

Tensor = torch.Tensor
ACTIVATIONS = {
    "identity": lambda x, a: x,
    "relu": lambda x, a: F.relu(x),
    "relu_squared": lambda x, a: F.relu(x) ** 2,
    "leaky_relu": lambda x, a: F.leaky_relu(x, a.slope),
    "elu": lambda x, a: F.elu(x, a.alpha),
    "gelu": lambda x, a: F.gelu(x, approximate="tanh"),
    "silu": lambda x, a: F.silu(x),
    "tanh": lambda x, a: torch.tanh(x),
    "sigmoid": lambda x, a: torch.sigmoid(x),
    "softplus": lambda x, a: F.softplus(x, threshold=1e9),
    "sin": lambda x, a: torch.sin(a.frequency * x),
}
RECURRENT = {"rnn": (torch.nn.RNN, 1), "gru": (torch.nn.GRU, 3), "lstm": (torch.nn.LSTM, 4)}


class Twin:
    """A network over parameters `p` and running statistics `s`, both by the engine's names."""

    def __init__(self, model: list[Layer], p: dict[str, Tensor], s: dict[str, Tensor]) -> None:
        self.model, self.p, self.s = model, p, s
        self.training = True
        self._scope: list[str] = []
        self._table: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        return self.sequence(self.model, x)

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        self._scope.append(name)
        yield
        self._scope.pop()

    def name(self, name: str) -> str:
        return ".".join([part for part in self._scope if part] + [name])

    def parameter(self, name: str) -> Tensor:
        return self.p[self.name(name)]

    def maybe(self, name: str) -> Tensor | None:
        return self.p.get(self.name(name))

    def sequence(self, layers: list[Layer], x: Tensor) -> Tensor:
        for i, layer in enumerate(layers, start=1):
            with self.scope(f"{layer.tag()}{i}"):
                x = self.layer(layer, x)
        return x

    def layer(self, layer: Layer, x: Tensor) -> Tensor:
        return getattr(self, layer.tag())(layer, x)

    # -- layers, by their tags ----------------------------------------------------------------------------

    def activate(self, activation: Activation, x: Tensor) -> Tensor:
        return ACTIVATIONS[activation.tag()](x, activation)

    def activation(self, layer, x: Tensor) -> Tensor:
        return self.activate(layer.function, x)

    def linear(self, x: Tensor, name: str = "") -> Tensor:
        with self.scope(name):
            bias = self.maybe("bias")
            y = x @ self.parameter("weight")
            return y if bias is None else y + bias

    def dense(self, layer, x: Tensor) -> Tensor:
        if layer.over == "row":
            x = x.flatten(1)
        return self.activate(layer.activation, self.linear(x))

    def dropout(self, layer, x: Tensor) -> Tensor:
        assert not layer.rate
        return x

    def flatten(self, layer, x: Tensor) -> Tensor:
        return x.flatten(1)

    def reshape(self, layer, x: Tensor) -> Tensor:
        return x.reshape(len(x), *layer.shape)

    def select(self, layer, x: Tensor) -> Tensor:
        return x[..., layer.column : layer.column + 1]

    def swiglu(self, layer, x: Tensor) -> Tensor:
        gate, value = x.chunk(2, dim=-1)
        return F.silu(gate) * value

    def residual(self, layer, x: Tensor) -> Tensor:
        return x + self.sequence(layer.layers, x)

    def branches(self, layer, x: Tensor) -> list[Tensor]:
        results = []
        for number, layers in enumerate(layer.branches, start=1):
            with self.scope(f"branch{number}"):
                results.append(self.sequence(layers, x))
        return results

    def concat(self, layer, x: Tensor) -> Tensor:
        return torch.cat(self.branches(layer, x), dim=-1)

    def multiply(self, layer, x: Tensor) -> Tensor:
        y, *others = self.branches(layer, x)
        for other in others:
            y = y * other
        return y

    def batch_norm(self, layer, x: Tensor) -> Tensor:
        # PyTorch's running variance is the unbiased one; ours that of the rows.
        rows = x.reshape(-1, x.shape[-1])
        if not self.training:
            mean, variance = self.s[self.name("mean")], self.s[self.name("variance")]
        else:
            mean, variance = rows.mean(0), rows.var(0, unbiased=False)
            for name, now in (("mean", mean), ("variance", rows.var(0, unbiased=True))):
                kept = self.s[self.name(name)]
                kept += layer.momentum * (now.detach() - kept)
        y = F.batch_norm(rows, mean.detach(), variance.detach(), self.parameter("gain"), self.parameter("bias"),
                         training=self.training, momentum=0.0, eps=layer.epsilon)  # fmt: skip
        return y.reshape(x.shape)

    def layer_norm(self, layer, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self.parameter("gain"), self.parameter("bias"), layer.epsilon)

    def rms_norm(self, layer, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], self.parameter("gain"), layer.epsilon)

    def conv1d(self, layer, x: Tensor) -> Tensor:
        x = x if x.dim() == 3 else x[..., None]
        weight = self.parameter("weight").permute(2, 1, 0).contiguous()
        y = F.conv1d(padded(x, layer).movedim(2, 1), weight, self.maybe("bias"), layer.stride)
        return self.activate(layer.activation, y.movedim(1, 2))

    def conv2d(self, layer, x: Tensor) -> Tensor:
        x = x if x.dim() == 4 else x[..., None]
        weight = self.parameter("weight").permute(3, 2, 0, 1).contiguous()
        y = F.conv2d(padded(x, layer).movedim(3, 1), weight, self.maybe("bias"), layer.stride)
        return self.activate(layer.activation, y.movedim(1, 3))

    def patch(self, layer, x: Tensor) -> Tensor:
        x = x if x.dim() == 4 else x[..., None]
        weight = self.parameter("weight").permute(3, 2, 0, 1).contiguous()
        y = F.conv2d(x.movedim(3, 1), weight, self.maybe("bias"), stride=layer.size)
        return y.flatten(2).movedim(1, 2)

    def pool(self, layer, x: Tensor, kind: str) -> Tensor:
        stride = layer.stride or layer.window
        channels_first, dims = x.movedim(-1, 1), x.dim() - 2
        over = [Windows.over(n, layer.window, stride, layer.padding) for n in x.shape[1:-1]]
        pad = [n for w in reversed(over) for n in (w.before, max(0, w.reach - w.before - w.length))]
        if kind == "max":
            pooled = (F.max_pool1d, F.max_pool2d)[dims - 1]
            y = pooled(F.pad(channels_first, pad, value=-torch.inf), layer.window, stride)
        else:  # the mean of what lies within
            pooled = (F.avg_pool1d, F.avg_pool2d)[dims - 1]
            ones = F.pad(torch.ones_like(channels_first), pad)
            y = pooled(F.pad(channels_first, pad), layer.window, stride) / pooled(ones, layer.window, stride)
        return y.movedim(1, -1)

    def max_pool(self, layer, x: Tensor) -> Tensor:
        return self.pool(layer, x, "max")

    def average_pool(self, layer, x: Tensor) -> Tensor:
        return self.pool(layer, x, "average")

    def global_pool(self, layer, x: Tensor) -> Tensor:
        places = tuple(range(1, x.dim() - 1))
        return x.amax(places) if layer.kind == "max" else x.mean(places)

    def upsample(self, layer, x: Tensor) -> Tensor:
        for axis in range(1, x.dim() - 1):
            x = x.repeat_interleave(layer.factor, dim=axis)
        return x

    def embedding(self, layer, x: Tensor) -> Tensor:
        self._table = self.parameter("weight")
        return F.embedding(x.long(), self._table)

    def unembed(self, layer, x: Tensor) -> Tensor:
        if not layer.tied:
            return self.linear(x)
        assert self._table is not None
        return x @ self._table.T

    def position(self, layer, x: Tensor) -> Tensor:
        if layer.kind == "learned":
            return x + self.parameter("weight")
        T, D = x.shape[1:]
        angle = torch.arange(T)[:, None] / 10_000 ** (2 * (torch.arange(D) // 2) / D)
        return x + torch.where(torch.arange(D) % 2 == 0, angle.sin(), angle.cos())

    def factorization(self, layer, x: Tensor) -> Tensor:
        u, i = x.long().T
        product = (self.parameter("users")[u] * self.parameter("items")[i]).sum(1)
        biases = self.parameter("user_bias")[u] * (u > 0) + self.parameter("item_bias")[i] * (i > 0)
        return (self.parameter("mean") + biases + product * (u > 0) * (i > 0))[:, None]

    def attention(self, layer, x: Tensor) -> Tensor:
        width, groups = x.shape[2] // layer.heads, layer.kv_heads or layer.heads
        parts = self.linear(x, "qkv").split([layer.heads * width, groups * width, groups * width], dim=2)
        q, k, v = (part.unflatten(2, (-1, width)).transpose(1, 2) for part in parts)
        if layer.rotary:
            q, k = turned(q), turned(k)
        if layer.qk_norm:
            q, k = (F.rms_norm(a, (width,), eps=1e-6) for a in (q, k))
        k, v = (a.repeat_interleave(layer.heads // groups, dim=1) for a in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=layer.causal)
        return self.linear(y.transpose(1, 2).flatten(2), "out")

    def transformer(self, layer, x: Tensor) -> Tensor:
        for i in range(layer.blocks):
            with self.scope(f"block{i + 1}"):
                for name, layers in (("attend", layer.attend()), ("think", layer.think(x.shape[2]))):
                    with self.scope(name):
                        x = x + self.sequence(layers, x)
        return x

    def recurrent(self, layer, x: Tensor) -> Tensor:
        kind, gates = RECURRENT[layer.tag()]
        options = {"nonlinearity": layer.activation} if layer.tag() == "rnn" else {}
        size = layer.units
        ways = ("forward", "backward") if layer.bidirectional else ("",)
        for i in range(layer.layers):
            module = kind(x.shape[2], size, batch_first=True, bidirectional=layer.bidirectional, **options)
            values = {}
            with self.scope(f"layer{i + 1}"):
                for way, suffix in zip(ways, ("", "_reverse"), strict=False):
                    with self.scope(way):
                        values[f"weight_ih_l0{suffix}"] = self.parameter("weight").T
                        values[f"weight_hh_l0{suffix}"] = self.parameter("recurrent_weight").T
                        values[f"bias_ih_l0{suffix}"] = self.parameter("bias")
                        second = torch.zeros(gates * size)
                        if layer.tag() == "gru":
                            second = torch.cat([second[: 2 * size], self.parameter("recurrent_bias")])
                        values[f"bias_hh_l0{suffix}"] = second
            y, last = torch.func.functional_call(module, values, (x,))
            x = y
        if layer.output == "each":
            return x
        state = last[0] if layer.tag() == "lstm" else last
        return torch.cat(list(state), dim=-1)

    rnn = gru = lstm = recurrent


def padded(x: Tensor, layer) -> Tensor:
    """x (N, lengths …, C) with the zeros that "same" adds, an odd one behind."""
    over = [Windows.over(n, layer.kernel, layer.stride, layer.padding) for n in x.shape[1:-1]]
    pad = [0, 0]
    for windows in reversed(over):
        pad += [windows.before, max(0, windows.reach - windows.before - windows.length)]
    return F.pad(x, pad)


def turned(x: Tensor) -> Tensor:
    """Rotary positions over (N, heads, T, width): pairs (i, i + width/2) turn by t/10000^(2i/width)."""
    T, width = x.shape[2:]
    angle = torch.arange(T)[:, None] / 10_000.0 ** (torch.arange(0, width, 2) / width)
    a, b = x.chunk(2, dim=3)
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=3)


# -- losses -------------------------------------------------------------------------------------------------


def loss_of(loss: losses.Loss, z: Tensor, t: Tensor) -> Tensor:
    """The mean loss of outputs z against targets t (N, K)."""
    name = loss.tag()
    if name == "mse":
        return F.mse_loss(z, t)
    if name == "mae":
        return F.l1_loss(z, t)
    if name == "huber":
        return F.huber_loss(z, t, delta=loss.delta)
    if z.shape[-1] == 1:
        return loss_of_two(loss, z[:, 0], t[:, 0])
    z, target = z.reshape(-1, z.shape[-1]), t.reshape(-1).long()
    counts = target >= 0
    z, target = z[counts], target[counts]
    weights = torch.tensor(loss.class_weights or [1.0] * z.shape[1])
    if name == "hinge":  # Weston & Watkins: multi_margin_loss is exactly that
        return F.multi_margin_loss(z, target, margin=loss.margin, weight=weights)
    if name == "focal":
        log_p = -F.cross_entropy(z, target, reduction="none")
        return (-weights[target] * (1 - log_p.exp()) ** loss.gamma * log_p).mean()
    smooth = loss.label_smoothing
    rows = F.cross_entropy(z, target, reduction="none", label_smoothing=smooth)
    return (weights[target] * rows).mean()


def loss_of_two(loss: losses.Loss, z: Tensor, t: Tensor) -> Tensor:
    weights = torch.tensor(loss.class_weights or [1.0, 1.0])[t.long()]
    if loss.tag() == "hinge":
        return (weights * F.relu(loss.margin - (2 * t - 1) * z)).mean()
    if loss.tag() == "focal":
        log_p = F.logsigmoid((2 * t - 1) * z)
        return (-weights * (1 - log_p.exp()) ** loss.gamma * log_p).mean()
    q = t + loss.label_smoothing * (0.5 - t)
    return (weights * F.binary_cross_entropy_with_logits(z, q, reduction="none")).mean()


# -- optimizers ---------------------------------------------------------------------------------------------


class LionOfThePaper(torch.optim.Optimizer):
    """Lion, which PyTorch lacks (Chen et al. 2023, algorithm 2)."""

    def __init__(self, params, lr: float, betas: tuple[float, float]) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(group["lr"] * (beta1 * m + (1 - beta1) * p.grad).sign())
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


def optimizers_of(
    optimizer, decaying: list[Tensor], others: list[Tensor], hidden: list[Tensor]
) -> list[tuple[torch.optim.Optimizer, float]]:
    """PyTorch's optimizers for the parameters and the factor on the learning rate of each.

    Weight decay is for `decaying`; of these `hidden` are the matrices (O, I) between two layers, for Muon.
    """
    o, decay = optimizer, optimizer.weight_decay
    groups = [{"params": decaying, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    name = o.tag()
    if name == "sgd":
        plain = not o.momentum
        return [(torch.optim.SGD(groups, o.lr, o.momentum, nesterov=o.nesterov and not plain), 1.0)]
    if name == "rmsprop":
        return [(torch.optim.RMSprop(groups, o.lr, o.rho, o.epsilon, momentum=o.momentum), 1.0)]
    if name == "adagrad":
        return [(torch.optim.Adagrad(groups, o.lr, eps=o.epsilon), 1.0)]
    if name == "adadelta":
        return [(torch.optim.Adadelta(groups, o.lr, o.rho, o.epsilon), 1.0)]
    if name == "lion":
        return [(LionOfThePaper(groups, o.lr, (o.beta1, o.beta2)), 1.0)]
    if name == "adafactor":
        kwargs = {"beta2_decay": -o.decay_rate, "eps": (o.epsilon, o.least_scale), "d": o.clip}
        return [(torch.optim.Adafactor(groups, o.lr, **kwargs), 1.0)]
    betas = (o.beta1, o.beta2)
    if name == "nadam":
        return [(torch.optim.NAdam(groups, o.lr, betas, o.epsilon, momentum_decay=o.momentum_decay), 1.0)]
    if name == "muon":
        rest = {id(p) for p in hidden}
        groups = [group | {"params": [p for p in group["params"] if id(p) not in rest]} for group in groups]
        pairs = [(torch.optim.AdamW([g for g in groups if g["params"]], o.lr, betas, o.epsilon), o.rest)]
        if hidden:
            muon = torch.optim.Muon(
                hidden,
                o.lr,
                weight_decay=decay,
                momentum=o.momentum,
                nesterov=o.nesterov,
                adjust_lr_fn="original",
            )
            pairs.append((muon, 1.0))
        return pairs
    kind = torch.optim.AdamW if name == "adamw" else torch.optim.Adam
    return [(kind(groups, o.lr, betas, o.epsilon), 1.0)]


def newton_schulz(grad: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """PyTorch's iteration for Muon, without its rounding to bfloat16."""
    a, b, c = coefficients
    x = grad.T if grad.size(0) > grad.size(1) else grad
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if grad.size(0) > grad.size(1) else x


_muon._zeropower_via_newtonschulz = newton_schulz
