"""A session without an engine: a snapshot made by formulas, and a list of what was asked."""

import numpy as np
from msgspec.structs import replace

import presets
from engine.diagnostics import LayerState
from engine.experiment import Experiment, experiment_from
from engine.probes.attention import AttentionProbe, Attentions
from engine.probes.decisions import Classes, ClassesProbe, Fit, FitProbe, NeuronsProbe, Plane, PlaneProbe
from tui_lab.session import base
from tui_lab.session.base import Command, Look, Snapshot
from tui_lab.session.history import Buckets
from tui_lab.session.writing import Page, TextProbe, Writing

STEP = 48_210
HISTOGRAMS = ("weights", "gradients", "activations")


class FakeSession:
    """Shows one snapshot, moved on by hand."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.latest = snapshot
        self.asked: list[Command] = []
        self.looks: list[Look] = []
        self.closed = False
        self.exit_code = 0

    def send(self, command: Command) -> None:
        self.asked.append(command)

    def look(self, look: Look) -> None:
        self.looks.append(look)

    def close(self) -> None:
        self.closed = True

    def show(self, **changes) -> None:
        """Put a changed snapshot up."""
        self.latest = replace(self.latest, version=self.latest.version + 1, **changes)


def curve(values: np.ndarray) -> Buckets:
    steps = np.linspace(1, STEP, len(values))
    return Buckets(steps, values, values * 0.8, values * 1.3)


def points(values: np.ndarray) -> Buckets:
    return Buckets(np.linspace(1, STEP, len(values)), values, values, values)


def layer(name: str, shape: tuple[int, ...], parameters: int, **levels: str) -> LayerState:
    return LayerState(
        name=name, kind="dense", shape=shape, parameters=parameters,
        activation_mean=0.125, activation_std=0.61, saturated=0.0625, dead=None, gradient_std=2.1e-3,
        weight_std=0.75, update_ratio=-3.1, levels=levels,
    )  # fmt: skip


def experiment_of(name: str) -> Experiment:
    return experiment_from(presets.load(name), name)


def spiral() -> FakeSession:
    """Two inputs and two classes, half-way through."""
    t = np.linspace(0, 1, 300)
    falling = 0.7 * 2.0 ** (-8 * t) + 0.02
    falling[200] = 0.6  # a spike
    y, x = np.mgrid[1:-1:20j, -1:1:40j]
    grid = np.clip((x * y) * 3, -1, 1)
    corners = np.array([[0.1, 0.1], [0.2, 0.3], [0.9, 0.8], [0.7, 0.7], [0.2, 0.9], [0.8, 0.2]])
    classes = np.array([1, 1, 1, 1, 0, 0])
    plane = Plane(
        grid, corners, classes, np.array([0, 1, 0, 1, 0, 1], bool), [("dense1", np.stack([grid, -grid]))]
    )
    experiment = experiment_of("spiral")
    data = {
        "task": "classification", "classes": ("0", "1"), "input_shape": (2,), "targets": ("class",),
        "sizes": {"train": 500, "val": 250, "test": 250}, "balance": [("0", 250), ("1", 250)],
        "columns": [("x1", np.array([0.0, 1.0, -1.75, 1.75])), ("x2", np.array([0.0, 1.0, -1.5, 1.5]))],
        "points": (corners * 4, classes),
        "before": [
            {"name": "x1", "missing": 0, "categories": 0, "stats": np.array([0.0, 3.2, -5.6, 5.6])},
            {"name": "x2", "missing": 12, "categories": 0, "stats": np.array([0.1, 3.1, -4.8, 4.8])},
        ],
    }  # fmt: skip
    blocks = (("dense1", "dense", (16,), 48), ("dense2", "dense", (16,), 272), ("dense3", "dense", (2,), 34))
    log = {
        "step": STEP,
        "train_loss": 0.0412,
        "val_loss": 0.0523,
        "accuracy": 0.984,
        "lr": 0.01,
        "gradient_norm": 0.013,
    }
    states = (
        layer("dense1", (16,), 48, saturated="watch"),
        layer("dense2", (16,), 272),
        layer("dense3", (2,), 34),
    )
    rng = np.sin(np.arange(2 * 16).reshape(2, 16))
    return FakeSession(
        Snapshot(
            version=1, phase=base.TRAINING, name="spiral", path="runs/spiral", experiment=experiment, blocks=blocks,
            parameters=354, data=data, step=STEP, steps=100_000, epoch=1928.4, seconds=12.0,
            steps_per_second=312_000.0, log=log, metric="accuracy", best={"step": 48_000, "val_loss": 0.0519},
            curves={
                "train_loss": curve(falling), "val_loss": points(falling[::10] * 1.2),
                "accuracy": points(1 - falling[::10] / 2), "gradient_norm": curve(falling / 3),
                "lr": points(np.full(30, 0.01)), "steps_per_second": points(np.full(30, 312_000.0)),
                "macro_f1": points(1 - falling[::10] / 2), "roc_auc": points(1 - falling[::10] / 4),
            },
            events=(
                {"event": "start", "step": 0, "parameters": 354, "time": 0.0},
                {
                    "event": "edit",
                    "step": 20_000,
                    "changes": [{"field": "optimizer.lr", "old": 0.01, "new": 0.03}],
                    "time": 60.0,
                },
                {"event": "checkpoint", "step": 40_000, "path": "checkpoints/step-000040000", "time": 90.0},
            ),
            edits=1,
            layers=states,
            probes=(PlaneProbe(), NeuronsProbe()),
            views={
                "plane": plane, "neurons": plane,
                "histograms": {k: (np.arange(40) % 13 * 3, -1.0, 1.0) for k in HISTOGRAMS},
                "weights": [("dense1", rng[:, :8]), ("dense2", rng[:, :8].T @ rng), ("dense3", rng.T)],
            },
        )
    )  # fmt: skip


def digits() -> FakeSession:
    """Images of ten classes, ended."""
    session = spiral()
    counts = np.diag(np.arange(15, 25)) + np.eye(10, k=3, dtype=int)
    images = np.linspace(0, 1, 64).reshape(1, 8, 8).repeat(6, axis=0)
    names = tuple("0123456789")
    data = {
        "task": "classification", "classes": names, "input_shape": (8, 8, 1), "targets": ("digit",),
        "sizes": {"train": 1258, "val": 180, "test": 359}, "balance": [(n, 125) for n in names],
        "samples": images, "sample_names": list("012345"),
    }  # fmt: skip
    mistakes = [(i, i + 3, 0.9 - i / 20) for i in range(6)]
    classes = Classes(names, counts, mistakes, images)
    end = {"event": "end", "reason": "done", "step": STEP, "test": {"accuracy": 0.98}}
    session.show(
        name="digits-mlp", experiment=experiment_of("digits-mlp"), data=data, phase=base.ENDED, end=end,
        probes=(ClassesProbe(),), views=dict.fromkeys(("confusion", "mistakes"), classes),
        parameters=33_738,
    )  # fmt: skip
    return session


def line() -> FakeSession:
    """A regression on one input, ready to begin."""
    session = spiral()
    x = np.linspace(0, 4, 20)
    session.show(
        name="linear-regression", experiment=experiment_of("linear-regression"), metric="r2",
        probes=(FitProbe(),), views={"fit": Fit(x, x * 0.9, x, x, x * 0.9 + 0.1)}, phase=base.PAUSED,
        data=session.latest.data | {"task": "regression", "classes": (), "input_shape": (1,), "balance": None},
    )  # fmt: skip
    return session


def gpt() -> FakeSession:
    """A transformer that writes names."""
    session = spiral()
    pages = tuple(
        Page(step, "ma" if step > 900 else "", text, 0.8)
        for step, text in ((0, "xqj\nzzrt\nbb"), (400, "mara\nelo\nann"), (1200, "ria\nellen\njohn\nmi"))
    )
    tokens = list("\nmaria")
    weights = np.tril(np.ones((6, 6))) / np.arange(1, 7)[:, None]
    sharp = np.eye(6, k=-1) + np.eye(6) * [[1], [0], [0], [0], [0], [0]]
    heads = np.stack([weights, sharp, weights, sharp])
    inner = [
        (f"transformer3.block{b}.{part}", kind, shape, size)
        for b in (1, 2)
        for part, kind, shape, size in (
            ("attend.layer_norm1", "layer_norm", (16, 64), 128),
            ("attend.attention2", "attention", (16, 64), 16_384),
            ("think.layer_norm1", "layer_norm", (16, 64), 128),
            ("think.dense2", "dense", (16, 256), 16_384),
            ("think.dense3", "dense", (16, 64), 16_384),
        )
    ]
    blocks = (
        ("embedding1", "embedding", (16, 64), 1728), ("position2", "position", (16, 64), 1024), *inner,
        ("transformer3", "transformer", (16, 64), 98_816), ("layer_norm4", "layer_norm", (16, 64), 128),
        ("unembed5", "unembed", (16, 27), 0),
    )  # fmt: skip
    data = {
        "task": "language", "classes": tuple("\nabcdefghij"), "input_shape": (16,), "targets": ("next",),
        "sizes": {"train": 4130, "val": 516, "test": 517}, "lines": ["mary", "patricia", "linda", "barbara"],
    }  # fmt: skip
    session.show(
        name="names-gpt", experiment=experiment_of("names-gpt"), data=data, blocks=blocks, parameters=101_696,
        layers=tuple(layer(name, shape, size) for name, kind, shape, size in blocks),
        probes=(TextProbe(), AttentionProbe()), metric="perplexity", log={"step": STEP, "perplexity": 8.217},
        views=session.latest.views
        | {
            "text": Writing(pages, True), "attention": Attentions(tokens, [("a", heads), ("b", heads[::-1])]),
        },
    )  # fmt: skip
    return session
