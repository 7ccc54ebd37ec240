"""Pictures of codes: vectors of tokens, users or bottlenecks in two dimensions."""

import msgspec
import numpy as np

from engine.layers.embedding import Embedding
from engine.trainer import ENGINE, Trainer

MOST_POINTS = 400
MOST_NAMES = 100


class Codes(msgspec.Struct, frozen=True, eq=False):
    """Points (P, 2) with a name each, or with a class each; `share` of the variance lies in the plane."""

    title: str
    points: np.ndarray
    names: list[str]
    classes: np.ndarray | None
    share: float


def principal(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Vectors (P, D) in the plane of their largest variance (P, 2), and its share of the whole (PCA).

    The sign of each axis is fixed, so that a picture does not flip while the network learns.
    """
    centred = values - values.mean(axis=0)
    if centred.shape[1] == 1:
        return np.column_stack([centred[:, 0], np.zeros(len(centred))]), 1.0
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2][np.arange(2), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    total = float((sizes**2).sum())
    return centred @ axes.T, float((sizes[:2] ** 2).sum()) / total if total > 0 else 1.0


def embedding(trainer: Trainer) -> Codes:
    """The first embedding's vectors, the tokens' names beside them."""
    name = embeddings(trainer)[0]
    table = trainer.evaluator.memory[f"{name}.weight"].astype(float)
    points, share = principal(table)
    classes = trainer.dataset.classes
    tokens = [repr(token)[1:-1].replace(" ", "␣") for token in classes] if len(classes) == len(table) else []
    names = tokens or [str(i) for i in range(len(table))]
    return Codes(f"{name}: {len(table)} vectors", points[:MOST_POINTS], names[:MOST_POINTS], None, share)


def embeddings(trainer: Trainer) -> list[str]:
    """The names of the embedding layers."""
    return [b.name for b in trainer.evaluator.builder.blocks if isinstance(b.layer, Embedding)]


def hidden_codes(trainer: Trainer, name: str, labels: np.ndarray | None) -> Codes:
    """The outputs of a layer for the validation rows, in the colours of their classes."""
    evaluator = trainer.evaluator
    part = trainer.dataset.val if len(trainer.dataset.val) else trainer.dataset.train
    block = next(b for b in evaluator.builder.blocks if b.name == name)
    collected = []
    with ENGINE:
        for start in range(0, min(len(part), MOST_POINTS), evaluator.block):
            piece = part.x[start : start + evaluator.block]
            evaluator.outputs(piece)
            collected.append(block.output.array[: len(piece)].reshape(len(piece), -1).astype(float))
    values = np.concatenate(collected)[:MOST_POINTS]
    points, share = (values, 1.0) if values.shape[1] == 2 else principal(values)
    return Codes(f"{name}: {values.shape[1]} numbers a row", points, [], labels, share)
