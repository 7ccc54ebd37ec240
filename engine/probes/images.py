"""Pictures of images: what the network says of them, its first filters, what its layers make of one image."""

import msgspec
import numpy as np

from engine.metrics import predicted
from engine.network import Block
from engine.trainer import ENGINE, Trainer

SHOWN = 60
MOST_MAPS = 32


class Named(msgspec.Struct, frozen=True, eq=False):
    """Images (M, H, W) in 0 … 1 with a caption each, right or wrong."""

    images: np.ndarray
    captions: list[tuple[str, bool]]


class Maps(msgspec.Struct, frozen=True, eq=False):
    """Small pictures in rows: filters from −1 to 1, or feature maps from 0 to 1, layer by layer."""

    image: np.ndarray | None  # (H, W) what the maps are of
    layers: list[tuple[str, np.ndarray]]  # (name, (M, h, w))
    signed: bool


class Reconstructions(msgspec.Struct, frozen=True, eq=False):
    """Images (M, H, W) and what comes out of the network for them, both in 0 … 1."""

    images: np.ndarray
    outputs: np.ndarray


def is_image(shape: tuple[int, ...]) -> bool:
    """Whether rows of that shape can be drawn: (H, W, C)."""
    return len(shape) == 3 and shape[0] >= 2 and shape[1] >= 2


def grey(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Images (M, H, W, C) as (M, H, W) in 0 … 1."""
    return np.clip((x.astype(float).mean(axis=-1) - low) / max(high - low, 1e-9), 0, 1)


def named(trainer: Trainer) -> Named:
    """The first validation images with what the network says."""
    dataset = trainer.dataset
    part = dataset.val if len(dataset.val) else dataset.train
    x, y = part.x[:SHOWN], part.y[:SHOWN, 0].astype(int)
    with ENGINE:
        guess = predicted(trainer.evaluator.outputs(x))
    low, high = range_of(dataset.train.x)
    names = dataset.classes
    captions = [(names[g], bool(g == t)) for g, t in zip(guess, y, strict=True)]
    return Named(grey(x, low, high), captions)


def range_of(x: np.ndarray) -> tuple[float, float]:
    """Black and white of a data set, by its first rows."""
    first = x[:256]
    return float(first.min()), float(first.max())


def filters(trainer: Trainer) -> Maps:
    """The first convolution's filters, each from −1 to 1."""
    block = convolutions(trainer)[0]
    weight = trainer.evaluator.memory[f"{block.name}.weight"].astype(float)  # (kernel, kernel, C, O)
    found = weight.mean(axis=2).transpose(2, 0, 1)
    peak = np.maximum(np.abs(found).max(axis=(1, 2), keepdims=True), 1e-9)
    return Maps(None, [(block.name, (found / peak)[:MOST_MAPS])], True)


def convolutions(trainer: Trainer) -> list[Block]:
    return [b for b in trainer.evaluator.builder.blocks if b.layer.tag() == "conv2d"]


def features(trainer: Trainer, index: int = 0) -> Maps:
    """What the layers that give images make of one validation image."""
    dataset, evaluator = trainer.dataset, trainer.evaluator
    part = dataset.val if len(dataset.val) else dataset.train
    x = part.x[index % len(part) : index % len(part) + 1]
    with ENGINE:
        evaluator.outputs(x)
    layers = []
    for block in evaluator.builder.blocks:
        if "." in block.name or not is_image(block.shape):
            continue
        maps = block.output.array[0].astype(float).transpose(2, 0, 1)[:MOST_MAPS]
        low = maps.min(axis=(1, 2), keepdims=True)
        spread = np.maximum(maps.max(axis=(1, 2), keepdims=True) - low, 1e-9)
        layers.append((block.name, (maps - low) / spread))
    return Maps(grey(x, *range_of(dataset.train.x))[0], layers, False)


def reconstructions(trainer: Trainer) -> Reconstructions:
    """Validation images beside the network's outputs, where it has as many as an image has pixels."""
    dataset = trainer.dataset
    part = dataset.val if len(dataset.val) else dataset.train
    x = part.x[:SHOWN]
    with ENGINE:
        z = trainer.evaluator.outputs(x)
    z = dataset.pipeline.target_to_original(z).reshape(x.shape)
    y = dataset.pipeline.target_to_original(part.y[:SHOWN]).reshape(x.shape)
    low, high = range_of(y)
    return Reconstructions(grey(y, low, high), grey(z, low, high))
