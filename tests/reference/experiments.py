"""Random experiments: layers of every kind in random order, losses, optimizers, schedules, penalties."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Tree = dict[str, Any]
Layers = list[Tree]
ACTIVATIONS: list[Any] = [
    "identity", "relu", "relu_squared", {"name": "leaky_relu", "slope": 0.2}, {"name": "elu", "alpha": 1.3}, "gelu",
    "silu", "tanh", "sigmoid", "softplus", {"name": "sin", "frequency": 1.7},
]  # fmt: skip
STEPS = 20
ROWS = 24


class Maker:
    """Makes experiments from one seed. `random_parts`: also what draws random numbers while training."""

    def __init__(self, seed: int, folder: Path, random_parts: bool) -> None:
        self.rng = np.random.default_rng(seed)
        self.folder, self.random_parts = folder, random_parts

    def pick(self, choices: list[Any]) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def experiment(self) -> Tree:
        kind = self.pick(["table", "table", "image", "image", "series", "series", "text", "text", "ratings"])
        return getattr(self, kind)()

    # -- kinds of data ------------------------------------------------------------------------------------

    def table(self) -> Tree:
        width = self.number(2, 6)
        data, loss = self.rows((width,))
        layers = self.stack(self.flat_layer, (width,), self.number(1, 4))[0]
        return self.whole(data, [*layers, {"layer": "dense"}], loss)

    def image(self) -> Tree:
        shape: tuple[int, ...] = (self.number(5, 8), self.number(5, 8), self.number(1, 2))
        data, loss = self.rows(shape)
        if self.chance(0.3):
            size = self.pick([d for d in (1, 2, 3, 4) if shape[0] % d == 0 and shape[1] % d == 0])
            units = self.pick([4, 6, 8])
            layers: Layers = [{"layer": "patch", "size": size, "units": units}]
            more, shape = self.stack(
                self.sequence_layer, (shape[0] * shape[1] // size**2, units), self.number(1, 3)
            )
            layers += more
        else:
            layers, shape = self.stack(self.image_layer, shape, self.number(1, 4))
        if self.chance(0.5):
            layers.append({"layer": "global_pool", "kind": self.pick(["average", "max"])})
        elif self.chance(0.5):
            layers.append({"layer": "flatten"})
        return self.whole(data, [*layers, {"layer": "dense"}], loss)

    def series(self) -> Tree:
        shape: tuple[int, ...] = (self.number(4, 9), self.number(1, 3))
        data, loss = self.rows(shape)
        layers, shape = self.stack(self.sequence_layer, shape, self.number(1, 3))
        if self.chance(0.4):
            layers.append(self.recurrent("last")[0])
        elif self.chance(0.5):
            layers.append({"layer": "global_pool", "kind": self.pick(["average", "max"])})
        return self.whole(data, [*layers, {"layer": "dense"}], loss)

    def text(self) -> Tree:
        data: Tree = {"source": "addition", "digits": 1, "samples": 60}
        if self.chance(0.5):
            path = self.folder / f"{self.number(0, 10**9)}.txt"
            path.write_text("".join(self.pick(list("abc de\n")) for _ in range(400)))
            data = {"source": "text", "path": str(path), "context": self.number(3, 8)}
        units = self.pick([4, 6, 8])
        layers: Layers = [
            {"layer": "embedding", "units": units, "initializer": {"name": "normal", "std": 0.5}}
        ]
        if self.chance(0.6):
            layers.append({"layer": "position", "kind": self.pick(["learned", "sinusoidal"])})
        more, shape = self.stack(self.token_layer, (8, units), self.number(1, 3))
        tied = shape[1] == units and self.chance(0.5)
        layers += [*more, {"layer": "unembed", "tied": tied}]
        loss: Tree = {"name": "cross_entropy", "label_smoothing": self.pick([0.0, 0.1])}
        if self.chance(0.3):
            loss = {"name": "focal", "gamma": self.pick([0.0, 1.5, 2.0])}
        return self.whole(data, layers, loss)

    def ratings(self) -> Tree:
        data = {"source": "low-rank-ratings", "users": 11, "items": 9, "samples": 70}
        if self.chance(0.5):
            layers: Layers = [{"layer": "factorization", "units": self.number(0, 5)}]
        else:
            towers = [
                [
                    {"layer": "select", "column": i}, {"layer": "embedding", "units": 3}, {"layer": "flatten"},
                    {"layer": "dense", "units": 4, "activation": self.pick(ACTIVATIONS)},
                ]
                for i in (0, 1)
            ]  # fmt: skip
            layers = [{"layer": self.pick(["multiply", "concat"]), "branches": towers}, {"layer": "dense"}]
        return self.whole(data, layers, self.regression_loss())

    def rows(self, shape: tuple[int, ...]) -> tuple[Tree, Tree]:
        """Data of a shape in a file, and a loss that suits its targets."""
        count = int(ROWS / 0.75)
        x = self.rng.normal(size=(count, *shape))
        flat = x.reshape(count, -1)
        if self.chance(0.4):
            y = np.tanh(flat[:, : self.number(1, 2)]) + 0.1 * self.rng.normal(size=(count, 1))
            loss = self.regression_loss()
        else:
            classes = self.number(2, 4)
            y = np.argsort(np.argsort(flat[:, 0])) * classes // count
            loss = self.class_loss(classes)
        path = self.folder / f"{self.number(0, 10**9)}.npz"
        np.savez(path, x=x, y=y)
        return {"source": "npz", "path": str(path), "split": {"train": 0.75, "val": 0.25, "test": 0.0}}, loss

    def regression_loss(self) -> Tree:
        return self.pick([{"name": "mse"}, {"name": "mae"}, {"name": "huber", "delta": 0.6}])

    def class_loss(self, classes: int) -> Tree:
        names = ["cross_entropy", "cross_entropy", "focal", "hinge"]
        loss: Tree = {"name": self.pick(names + ["binary_cross_entropy"] * 2 * (classes == 2))}
        if loss["name"] in ("cross_entropy", "binary_cross_entropy"):
            loss["label_smoothing"] = self.pick([0.0, 0.1])
        if loss["name"] == "focal":
            loss["gamma"] = self.pick([0.0, 1.5, 2.0])
        if self.chance(0.3):
            loss["class_weights"] = self.rng.uniform(0.5, 2, classes).round(2).tolist()
        return loss

    # -- layers: each maker gives layers and the shape behind them ----------------------------------------

    def stack(
        self,
        make: Callable[[tuple[int, ...]], tuple[Tree, tuple[int, ...]]],
        shape: tuple[int, ...],
        count: int,
    ) -> tuple[Layers, tuple[int, ...]]:
        layers: Layers = []
        for _ in range(count):
            layer, shape = make(shape)
            layers.append(layer)
        return layers, shape

    def any_shape(self, shape: tuple[int, ...]) -> Tree:
        """A layer that keeps every shape."""
        known: Layers = [
            {"layer": "activation", "function": self.pick(ACTIVATIONS)},
            {"layer": "batch_norm", "momentum": self.pick([0.1, 0.3])},
            {"layer": "layer_norm"},
            {"layer": "rms_norm"},
            {"layer": "dropout", "rate": self.pick([0.2, 0.5]) if self.random_parts else 0.0},
        ]
        return self.pick(known)

    def flat_layer(self, shape: tuple[int, ...]) -> tuple[Tree, tuple[int, ...]]:
        width = shape[-1]
        kind = self.pick(["dense", "dense", "any", "any", "residual", "concat", "multiply", "swiglu"])
        units = self.number(1, 7)
        dense = {
            "layer": "dense",
            "units": units,
            "activation": self.pick(ACTIVATIONS),
            "bias": self.chance(0.8),
        }
        if len(shape) == 2:
            dense["over"] = "position"
        same = dense | {"units": width}
        leading = shape[:-1]
        if kind == "swiglu" and width % 2 == 0:
            return {"layer": "swiglu"}, (*leading, width // 2)
        if kind == "residual":
            return {"layer": "residual", "layers": [self.any_shape(shape), same]}, shape
        if kind == "concat":
            select = {"layer": "select", "column": self.number(0, width - 1)}
            return {"layer": "concat", "branches": [[dense], [], [select]]}, (*leading, units + width + 1)
        if kind == "multiply":
            gate = same | {"activation": "sigmoid"}
            return {"layer": "multiply", "branches": [[gate], [same]]}, shape
        if kind == "dense":
            return dense, (*leading, units)
        return self.any_shape(shape), shape

    def image_layer(self, shape: tuple[int, ...]) -> tuple[Tree, tuple[int, ...]]:
        *places, channels = shape
        smallest = min(places)
        kind = self.pick(["conv", "conv", "pool", "any", "upsample", "residual"])
        filters, size = self.number(1, 5), self.number(1, min(3, smallest))
        conv = {
            "layer": f"conv{len(places)}d", "filters": filters, "kernel": size, "stride": self.number(1, 2),
            "padding": self.pick(["same", "valid"]), "activation": self.pick(ACTIVATIONS),
            "bias": self.chance(0.8),
        }  # fmt: skip
        if kind == "conv":
            return conv, (
                *(after(n, conv["kernel"], conv["stride"], conv["padding"]) for n in places),
                filters,
            )
        if kind == "residual":
            same = conv | {"filters": channels, "stride": 1, "padding": "same"}
            return {"layer": "residual", "layers": [same]}, shape
        if kind == "upsample" and smallest < 6:
            return {"layer": "upsample", "factor": 2}, (*(2 * n for n in places), channels)
        if kind == "pool":
            pool = {
                "layer": self.pick(["max_pool", "average_pool"]), "window": size, "stride": self.number(0, 2),
                "padding": self.pick(["same", "valid"]),
            }  # fmt: skip
            stride = pool["stride"] or size
            return pool, (*(after(n, size, stride, pool["padding"]) for n in places), channels)
        return self.any_shape(shape), shape

    def sequence_layer(self, shape: tuple[int, ...]) -> tuple[Tree, tuple[int, ...]]:
        """Over steps (T, C)."""
        if self.chance(0.4):
            return self.image_layer(shape)
        return self.token_layer(shape)

    def token_layer(self, shape: tuple[int, ...]) -> tuple[Tree, tuple[int, ...]]:
        """Over steps (T, C), of which none looks at another but by attention or a state: T stays."""
        T, width = shape
        heads = self.pick([h for h in (1, 2, 4) if width % h == 0])
        kind = self.pick(["attention", "transformer", "recurrent", "flat", "flat"])
        attention = {
            "heads": heads, "kv_heads": self.pick([0, 1]), "causal": self.chance(0.7),
            "rotary": width // heads % 2 == 0 and self.chance(0.5), "qk_norm": self.chance(0.3),
            "bias": self.chance(0.3),
        }  # fmt: skip
        if kind == "attention":
            begin = {"initializer": {"name": "normal", "std": 0.4}}
            inner = {"layer": "attention", **attention, **begin}
            return {"layer": "residual", "layers": [inner]}, shape
        if kind == "transformer":
            more = {
                "blocks": self.number(1, 2), "norm": self.pick(["layer", "rms"]), "std": 0.3,
                "mlp": self.pick(["gelu", "swiglu", "relu_squared"]), "expansion": 2.0,
                "dropout": 0.1 if self.random_parts and self.chance(0.5) else 0.0,
            }  # fmt: skip
            return {"layer": "transformer", **attention, **more}, shape
        if kind == "recurrent":
            layer, units = self.recurrent("each")
            return layer, (T, units)
        return self.flat_layer(shape)

    def recurrent(self, output: str) -> tuple[Tree, int]:
        units, both = self.number(2, 5), self.chance(0.3)
        layer = {
            "layer": self.pick(["rnn", "gru", "lstm"]), "units": units, "layers": self.number(1, 2),
            "output": output, "bidirectional": both,
        }  # fmt: skip
        if layer["layer"] == "rnn":
            layer["activation"] = self.pick(["tanh", "relu"])
        if self.random_parts and self.chance(0.3):
            layer["dropout"] = 0.2
        return layer, units * (1 + both)

    # -- how it is trained --------------------------------------------------------------------------------

    def whole(self, data: Tree, model: Layers, loss: Tree) -> Tree:
        training: Tree = {
            "batch_size": ROWS, "steps": STEPS, "seed": self.number(1, 10**6), "precision": "float64",
            "evaluate_every": 5, "shards": 1,
            "l1": self.pick([0.0, 0.0, 1e-3]), "l2": self.pick([0.0, 0.0, 0.01]),
            "clip_norm": self.pick([0.0, 0.0, 0.5]), "clip_value": self.pick([0.0, 0.0, 0.05]),
            "average": self.pick([0.0, 0.0, 0.9]),
        }  # fmt: skip
        augment: list[Tree] = []
        if self.random_parts:
            training |= {
                "shards": self.pick([1, 2, 3]), "accumulate": self.pick([1, 1, 2]), "checkpoint_every": 4,
                "precision": self.pick(["float32", "float64"]),
            }  # fmt: skip
            augment = self.pick([[], [], [{"step": "noise", "std": 0.1}], [{"step": "mixup", "alpha": 0.4}]])
            augment = augment if data["source"] == "npz" else []
        return {
            "data": data, "model": model, "loss": loss, "optimizer": self.optimizer(), "schedule": self.schedule(),
            "augment": augment, "training": training,
        }  # fmt: skip

    def optimizer(self) -> Tree:
        decay = self.pick([0.0, 0.01, 0.1])
        known: list[Tree] = [
            {"name": "sgd", "lr": 0.02},
            {"name": "sgd", "lr": 0.01, "momentum": 0.9, "nesterov": self.chance(0.5)},
            {"name": "rmsprop", "lr": 0.001, "momentum": self.pick([0.0, 0.5])},
            {"name": "adagrad", "lr": 0.01},
            {"name": "adadelta", "lr": 0.5},
            {"name": "adam", "lr": 0.003},
            {"name": "adamw", "lr": 0.003},
            {"name": "nadam", "lr": 0.003},
            {"name": "lion", "lr": 0.0005},
            {"name": "muon", "lr": 0.01, "nesterov": self.chance(0.5)},
            {"name": "adafactor", "lr": 0.01},
        ]
        chosen = self.pick(known)
        # PyTorch's Adafactor measures a weight after its decay, ours before.
        return chosen | {"weight_decay": 0.0 if chosen["name"] == "adafactor" else decay}

    def schedule(self) -> Tree:
        return self.pick([
            {"name": "constant"}, {"name": "cosine", "warmup": 4}, {"name": "exponential"}, {"name": "one_cycle"},
            {"name": "warmup_stable_decay"}, {"name": "step", "every": 6},
        ])  # fmt: skip


def after(length: int, size: int, stride: int, padding: str) -> int:
    """How many windows there are."""
    return -(-length // stride) if padding == "same" else (length - size) // stride + 1
