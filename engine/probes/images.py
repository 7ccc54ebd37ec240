"""Images: what the network says of them, its first filters, what its layers make of one image."""

import msgspec
import numpy as np

from engine.builder import Block
from engine.data import Dataset
from engine.evaluate import Evaluator
from engine.layers.dense import Dense
from engine.metrics import predicted
from engine.probes.codes import is_autoencoder
from engine.probes.probe import Probe
from engine.probes.rows import from_example, looked_at
from engine.probes.subject import Subject
from engine.trainer import Trainer

SHOWN = 60
MOST_MAPS = 32


class Named(msgspec.Struct, frozen=True, eq=False):
    """Images (M, H, W) or (M, H, W, 3) in 0 … 1, or signals (M, T), with what the network says of each."""

    rows: np.ndarray
    said: list[str]
    true: list[str]


class Maps(msgspec.Struct, frozen=True, eq=False):
    """Small pictures in rows: filters from −1 to 1, or feature maps from 0 to 1, layer by layer."""

    image: np.ndarray | None  # (H, W) or (H, W, 3): what the maps are of
    layers: list[tuple[str, np.ndarray]]  # (name, (M, h, w))
    signed: bool


class Reconstructions(msgspec.Struct, frozen=True, eq=False):
    """Images (M, H, W) or (M, H, W, 3) and what comes out of the network for them, both in 0 … 1."""

    images: np.ndarray
    outputs: np.ndarray


class ImagesProbe(Probe, frozen=True):
    """Images with what the network says of each."""

    index: int = 0  # the first example

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return subject.dataset.task.predicts_class and is_image(subject.dataset.input_shape)

    def take(self, subject: Subject) -> Named:
        return named(subject.trainer, self.index)


class FiltersProbe(Probe, frozen=True):
    """The weights of the first layer as images."""

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return is_image(subject.dataset.input_shape) and bool(first_filters(subject.trainer))

    def take(self, subject: Subject) -> Maps:
        return filters(subject.trainer)


class FeaturesProbe(Probe, frozen=True):
    """What the layers make of one image."""

    index: int = 0  # the first example

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return is_image(subject.dataset.input_shape) and bool(mapped(subject.trainer))

    def take(self, subject: Subject) -> Maps:
        return features(subject.trainer, subject.network(), self.index)


class ReconstructionsProbe(Probe, frozen=True):
    """Images, and what an autoencoder gives back."""

    index: int = 0  # the first example

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return is_image(subject.dataset.input_shape) and is_autoencoder(subject.trainer)

    def take(self, subject: Subject) -> Reconstructions:
        return reconstructions(subject.trainer, self.index)


def is_image(shape: tuple[int, ...]) -> bool:
    """Whether rows of that shape can be drawn: (H, W, C) with one or three channels."""
    return len(shape) == 3 and shape[0] >= 2 and shape[1] >= 2


def drawn_as(dataset: Dataset, x: np.ndarray) -> np.ndarray:
    """Inputs (M, H, W, C) as pictures in 0 … 1: (M, H, W, 3) of three channels, else (M, H, W)."""
    return shades(x, *range_of(dataset.train.x))


def shades(x: np.ndarray, low: float, high: float) -> np.ndarray:
    shares = np.clip((x.astype(float) - low) / max(high - low, 1e-9), 0, 1)
    return shares if x.shape[-1] == 3 else shares.mean(axis=-1)


def range_of(x: np.ndarray) -> tuple[float, float]:
    """Black and white of a data set, by its first rows."""
    first = x[:256]
    return float(first.min()), float(first.max())


def named(trainer: Trainer, index: int = 0) -> Named:
    """Images from the example on with what the network says of them."""
    dataset = trainer.dataset
    said, true, x = judged(trainer, index, SHOWN)
    return Named(drawn_as(dataset, x), said, true)


def judged(trainer: Trainer, index: int, shown: int) -> tuple[list[str], list[str], np.ndarray]:
    """Names of the classes that the network says and that are true, and the rows, from an example on."""
    dataset, part = trainer.dataset, looked_at(trainer.dataset)
    rows = from_example(part, index, shown)
    guess, true = predicted(trainer.evaluator.outputs(part.x[rows])), part.y[rows, 0].astype(int)
    names = dataset.classes
    return [names[g] for g in guess], [names[t] for t in true], part.x[rows]


# -- filters and maps ---------------------------------------------------------------------------------------


def filters(trainer: Trainer) -> Maps:
    """The first filters, each from −1 to 1: of a convolution, of patches, or of a dense layer over the pixels."""
    block, shape = first_filters(trainer)[0]
    weight = trainer.evaluator.memory[f"{block.name}.weight"].astype(float)
    found = weight.reshape(*shape, -1).mean(axis=2).transpose(2, 0, 1)[:MOST_MAPS]
    peak = np.maximum(np.abs(found).max(axis=(1, 2), keepdims=True), 1e-9)
    return Maps(None, [(block.name, found / peak)], True)


def first_filters(trainer: Trainer) -> list[tuple[Block, tuple[int, int, int]]]:
    """The layers that see the pixels themselves, with what a filter of theirs covers (h, w, C)."""
    shape = trainer.dataset.input_shape
    weights = trainer.evaluator.memory.areas["parameters"].tensors
    found = []
    for block in trainer.evaluator.builder.blocks:
        tensor = weights.get(f"{block.name}.weight")
        if tensor is None or "." in block.name:
            continue
        if block.layer.image_filters:
            sides = tensor.shape[:2]
            found.append((block, (sides[0], sides[1], shape[2])))
        elif isinstance(block.layer, Dense) and tensor.shape[0] == np.prod(shape):
            found.append((block, (shape[0], shape[1], shape[2])))
        break
    return found


def mapped(trainer: Trainer) -> list[Block]:
    """The layers whose outputs are feature maps."""
    blocks = trainer.evaluator.builder.blocks
    return [b for b in blocks if "." not in b.name and is_image(b.shape) and b.layer.feature_maps]


def features(trainer: Trainer, single: Evaluator, index: int = 0) -> Maps:
    """What the layers that give images make of one image."""
    part = looked_at(trainer.dataset)
    x = part.x[index % len(part) : index % len(part) + 1]
    single.outputs(x)
    names = {b.name for b in mapped(trainer)}
    layers = []
    for block in single.builder.blocks:
        if block.name not in names:
            continue
        maps = block.output.array[0].astype(float).transpose(2, 0, 1)[:MOST_MAPS]
        low, high = min(0.0, maps.min()), maps.max()
        layers.append((block.name, (maps - low) / max(high - low, 1e-9)))
    return Maps(drawn_as(trainer.dataset, x)[0], layers, False)


# -- autoencoders -------------------------------------------------------------------------------------------


def reconstructions(trainer: Trainer, index: int = 0) -> Reconstructions:
    """Images from the example on and the network's outputs for them."""
    dataset, part = trainer.dataset, looked_at(trainer.dataset)
    rows = from_example(part, index, SHOWN)
    x, back = part.x[rows], dataset.pipeline.target_to_original
    z = back(trainer.evaluator.outputs(x)).reshape(x.shape)
    y = back(part.y[rows]).reshape(x.shape)
    low, high = range_of(y)
    return Reconstructions(shades(y, low, high), shades(z, low, high))
