"""Random experiments, small ones: any layers, losses, optimizers, batches, shards, precisions and kinds of data."""

import random
from typing import Any

Tree = dict[str, Any]

ACTIVATIONS = [
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "tanh",
    "sigmoid",
    "softplus",
    "relu_squared",
    "sin",
]
OPTIMIZERS = ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "nadam", "lion", "muon", "adafactor"]
CLASSES = [
    {"source": "moons", "samples": 60, "noise": 0.1},
    {"source": "spiral", "samples": 60},
    {"source": "iris"},
]
NUMBERS = [{"source": "linear", "samples": 60}, {"source": "iris", "reconstruct": True}]
IMAGES = [{"source": "digits", "split": {"train": 0.05, "val": 0.02, "test": 0.02}}]
TEXTS = [
    {"source": "addition", "digits": 1, "samples": 100},
    {"source": "reversing", "letters": 3, "longest": 3, "samples": 60},
]
RATINGS = [{"source": "low-rank-ratings", "users": 11, "items": 9, "samples": 70}]
AUGMENT = [{"step": "noise", "std": 0.1}, {"step": "mixup", "alpha": 0.4}]
AUGMENT_IMAGES = [
    *AUGMENT,
    {"step": "shift", "pixels": 2},
    {"step": "flip"},
    {"step": "rotate"},
    {"step": "cutout", "size": 3},
]


def experiment(seed: int, precision: str | None = None) -> Tree:
    """The tree of one random experiment; the same seed gives the same one."""
    draw = random.Random(seed)
    kind = draw.choice([table, table, images, text, text, ratings])
    tree: Tree = kind(draw)
    batch = draw.choice([1, 2, 3, 5, 13, 16])
    training: Tree = {
        "batch_size": batch,
        "steps": 3,
        "evaluate_every": 2,
        "seed": draw.randrange(1000),
        "precision": precision or draw.choice(["float32", "float32", "float32", "float64"]),
        "shards": draw.choice([0, 1, 2, 3, 5]),
        "accumulate": draw.choice([1, 1, 1, 2]),
    }
    for field, value in (("clip_value", 0.5), ("l1", 1e-3), ("l2", 1e-3), ("average", 0.9)):
        if draw.random() < 0.2:
            training[field] = value
    optimizer: Tree = {"name": draw.choice(OPTIMIZERS), "lr": 1e-3}
    return tree | {"optimizer": optimizer, "training": training}


def dense(draw: random.Random) -> Tree:
    return {"layer": "dense", "units": draw.choice([1, 3, 8, 17]), "activation": draw.choice(ACTIVATIONS)}


def flat_layer(draw: random.Random, depth: int = 0) -> Tree:
    """A layer for rows (N, I)."""
    rest: list[Any] = [
        lambda: {"layer": "dropout", "rate": 0.3},
        lambda: {"layer": "layer_norm"},
        lambda: {"layer": "rms_norm"},
        lambda: {"layer": "activation", "function": draw.choice(ACTIVATIONS)},
    ]
    if depth < 2:
        rest += [
            lambda: {"layer": "residual", "layers": [flat_layer(draw, depth + 1)]},
            lambda: {"layer": "concat", "branches": [[flat_layer(draw, depth + 1)], [], [dense(draw)]]},
            lambda: {"layer": "multiply", "branches": [[], [{"layer": "layer_norm"}]]},
        ]
    return draw.choice([lambda: dense(draw), lambda: dense(draw), *rest])()


def some(draw: random.Random, make: Any, most: int = 3) -> list[Tree]:
    return [make(draw) for _ in range(draw.randrange(most + 1))]


def table(draw: random.Random) -> Tree:
    numbers = draw.random() < 0.4
    data = draw.choice(NUMBERS if numbers else CLASSES)
    losses = ["mse", "mae", "huber"] if numbers else ["cross_entropy", "hinge", "focal"]
    loss = draw.choice(losses)
    if data["source"] == "moons" and draw.random() < 0.3:
        loss = "binary_cross_entropy"
    return {
        "data": data,
        "augment": draw.sample(AUGMENT, draw.choice([0, 0, 1])),
        "model": [*some(draw, flat_layer), {"layer": "dense"}],
        "loss": {"name": loss},
    }


def images(draw: random.Random) -> Tree:
    def convolution(draw: random.Random) -> Tree:
        return {
            "layer": "conv2d", "filters": draw.choice([1, 3, 8]), "kernel": draw.choice([1, 2, 3]),
            "stride": draw.choice([1, 1, 2]), "activation": draw.choice(ACTIVATIONS),
        }  # fmt: skip

    def pool(draw: random.Random) -> Tree:
        return {
            "layer": draw.choice(["max_pool", "average_pool"]),
            "window": draw.choice([2, 3]),
            "padding": "same",
        }

    model = [convolution(draw), *draw.choice([[], [{"layer": "batch_norm"}]]), pool(draw)]
    model += draw.choice([[], [{"layer": "upsample"}], [convolution(draw)], [{"layer": "global_pool"}]])
    if draw.random() < 0.3:
        model = [{"layer": "patch", "size": 2, "units": 6}, *positions(draw, 6)]
    return {
        "data": draw.choice(IMAGES),
        "augment": draw.sample(AUGMENT_IMAGES, draw.choice([0, 1, 2])),
        "model": [*model, {"layer": "flatten"}, {"layer": "dense"}],
        "loss": {"name": draw.choice(["cross_entropy", "hinge", "focal"])},
    }


def positions(draw: random.Random, width: int) -> list[Tree]:
    """Layers for positions (N, T, D) that keep D."""
    heads = draw.choice([1, 2, 3])
    choices: list[list[Tree]] = [
        [{"layer": "position", "kind": draw.choice(["learned", "sinusoidal"])}],
        [{"layer": "attention", "heads": heads, "kv_heads": draw.choice([1, heads]), "rotary": heads < 3,
          "qk_norm": draw.random() < 0.5, "causal": draw.random() < 0.5}],
        [{"layer": "transformer", "blocks": 1, "heads": heads, "dropout": draw.choice([0.0, 0.1])}],
        [{"layer": draw.choice(["rnn", "gru", "lstm"]), "units": width, "layers": draw.choice([1, 2])}],
        [{"layer": "layer_norm"}],
        [{"layer": "dropout", "rate": 0.2}],
        [{"layer": "residual", "layers": [{"layer": "dense", "units": width, "over": "position"}]}],
    ]  # fmt: skip
    return [layer for part in draw.sample(choices, draw.choice([1, 2])) for layer in part]


def text(draw: random.Random) -> Tree:
    width = 12
    embedding = {"layer": "embedding", "units": width, "vocabulary": draw.choice([0, 0, 40])}
    tied = draw.random() < 0.4 and not embedding["vocabulary"]
    end = (
        {"layer": "unembed", "tied": tied} if draw.random() < 0.7 else {"layer": "dense", "over": "position"}
    )
    return {
        "data": draw.choice(TEXTS),
        "model": [embedding, *positions(draw, width), end],
        "loss": {"name": draw.choice(["cross_entropy", "cross_entropy", "focal"])},
    }


def ratings(draw: random.Random) -> Tree:
    tower = [{"layer": "embedding", "units": 3}, {"layer": "flatten"}, dense(draw) | {"units": 4}]
    towers = [
        {"layer": draw.choice(["multiply", "concat"]),
         "branches": [[{"layer": "select", "column": i}, *tower] for i in (0, 1)]},
        *some(draw, flat_layer, 1),
        {"layer": "dense"},
    ]  # fmt: skip
    model = draw.choice([[{"layer": "factorization", "units": draw.choice([0, 1, 5])}], towers])
    return {
        "data": draw.choice(RATINGS),
        "model": model,
        "loss": {"name": draw.choice(["mse", "mae", "huber"])},
    }
