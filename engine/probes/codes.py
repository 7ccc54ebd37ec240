"""Codes: vectors of tokens, users or bottlenecks in two dimensions."""

import msgspec
import numpy as np

from engine.builder import Block, Role
from engine.data import Dataset
from engine.data.preparation.dataset import Rows
from engine.probes.probe import Probe
from engine.probes.rows import looked_at
from engine.probes.subject import Subject
from engine.trainer import Trainer

MOST_POINTS = 400
CHECKED = 8  # rows


class Codes(msgspec.Struct, frozen=True, eq=False):
    """Points (P, 2) with a name each, or with a class each; `share` of the variance lies in the plane."""

    title: str
    points: np.ndarray
    names: list[str]
    classes: np.ndarray | None  # (P,) numbers of `labels`
    labels: tuple[str, ...]
    share: float


class EmbeddingProbe(Probe, frozen=True):
    """The vectors of a table, each a token, user or item, in the plane of their largest variance."""

    table: str = ""

    @classmethod
    def suited(cls, subject: Subject) -> tuple["EmbeddingProbe", ...]:
        return tuple(map(cls, tables(subject.trainer)))

    def take(self, subject: Subject) -> Codes:
        return table(subject.trainer, self.table)


class CodesProbe(Probe, frozen=True):
    """The narrowest layer's outputs, in the plane of their largest variance."""

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return is_autoencoder(subject.trainer)

    def take(self, subject: Subject) -> Codes:
        return hidden_codes(subject.trainer)


def principal(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Vectors (P, D) in the plane of their largest variance (P, 2), and its share of the whole (PCA).

    The sign of each axis is fixed, so that the plane does not flip while the network learns.
    """
    centerd = values - values.mean(axis=0)
    if centerd.shape[1] == 1:
        return np.column_stack([centerd[:, 0], np.zeros(len(centerd))]), 1.0
    _, axes = np.linalg.eigh(centerd.T @ centerd)
    axes = axes[:, :-3:-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(2)])
    points, total = centerd @ axes, float((centerd**2).sum())
    return points, float((points**2).sum()) / total if total > 0 else 1.0


# -- embeddings ---------------------------------------------------------------------------------------------


def table(trainer: Trainer, name: str) -> Codes:
    """An embedding's vectors, the tokens' names beside them where they are known."""
    values = trainer.evaluator.memory[name].astype(float)
    points, share = principal(values)
    classes, task = trainer.dataset.classes, trainer.dataset.task
    known = task.predicts_tokens and len(classes) == len(values)
    names = [visible(token) for token in classes] if known else []
    title = f"{name.removesuffix('.weight')}: {len(values):,} vectors of {values.shape[1]}"
    return Codes(title, points[:MOST_POINTS], names[:MOST_POINTS], None, (), share)


def visible(token: str) -> str:
    """A token by a sign that can be seen."""
    return {" ": "␣", "\n": "↵", "\t": "→"}.get(token) or repr(token)[1:-1]


def tables(trainer: Trainer) -> list[str]:
    """The parameters that hold a vector for each token, user or item."""
    vectors = (p for p in trainer.evaluator.builder.declared.values() if p.role is Role.EMBEDDING)
    return [p.name for p in vectors if len(p.shape) == 2 and p.shape[0] > 2 and p.shape[1] > 1]


# -- bottlenecks --------------------------------------------------------------------------------------------


def is_autoencoder(trainer: Trainer) -> bool:
    """Whether the network is to give back its input."""
    dataset = trainer.dataset
    size = int(np.prod(dataset.input_shape))
    if not dataset.task.predicts_numbers or dataset.outputs != size or size < 2:
        return False
    x = dataset.train.x[:CHECKED].reshape(-1, size)
    y = dataset.train.y[:CHECKED]
    return bool(np.allclose(standard(x), standard(y), atol=1e-3))


def standard(values: np.ndarray) -> np.ndarray:
    """Rows (R, K) without their mean and scale: the same before and after a whole scaling."""
    centerd = values - values.mean()
    result: np.ndarray = centerd / max(float(np.abs(centerd).max()), 1e-9)
    return result


def hidden_codes(trainer: Trainer) -> Codes:
    """The narrowest layer's outputs for the rows that are looked at, in the colors of their classes."""
    block = bottleneck(trainer)
    dataset, evaluator, part = trainer.dataset, trainer.evaluator, looked_at(trainer.dataset)
    collected = []
    for start in range(0, min(len(part), MOST_POINTS), evaluator.block):
        piece = part.x[start : start + evaluator.block]
        evaluator.outputs(piece)
        collected.append(block.output.array[: len(piece)].reshape(len(piece), -1).astype(float))
    values = np.concatenate(collected)[:MOST_POINTS]
    points, share = (values, 1.0) if values.shape[1] == 2 else principal(values)
    classes, labels = labels_of(dataset, part)
    title = f"{block.name}: {values.shape[1]} numbers a row"
    return Codes(title, points, [], None if classes is None else classes[:MOST_POINTS], labels, share)


def bottleneck(trainer: Trainer) -> Block:
    """The narrowest layer; of several the last one, what the decoder begins from."""
    blocks = [b for b in trainer.evaluator.builder.blocks if "." not in b.name]
    return min(reversed(blocks), key=lambda b: int(np.prod(b.shape)))


def labels_of(dataset: Dataset, part: Rows) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The classes (R,) of rows and their names, where the data keeps them; a target itself is one, too."""
    if dataset.task.predicts_class:
        return part.y[:, 0].astype(int), dataset.classes
    return part.labels, dataset.labels
