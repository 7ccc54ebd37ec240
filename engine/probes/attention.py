"""Attention: where each position of a text looks, and where in an image."""

from math import isqrt

import msgspec
import numpy as np

from engine.errors import InputError
from engine.evaluate import Evaluator
from engine.layers.attention import Attention
from engine.layers.convolution import Patch
from engine.probes.answers import vocabulary_of
from engine.probes.images import Maps, drawn_as, is_image
from engine.probes.probe import Probe
from engine.probes.rows import looked_at
from engine.probes.subject import Subject
from engine.tasks import Answering
from engine.trainer import Trainer

MOST_TOKENS = 48  # of a text on an attention map


class Attentions(msgspec.Struct, frozen=True, eq=False):
    """Where each position of a text looks, by layer and head: row t of a map is what t looks at."""

    tokens: list[str]  # (T,)
    layers: list[tuple[str, np.ndarray]]  # (name, (H, T, T))
    problem: str = ""  # why the text that was asked for is not shown


class AttentionProbe(Probe, frozen=True):
    """Attention over a text; without a prompt over a validation row."""

    prompt: str = ""

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return over_tokens(subject.trainer)

    def take(self, subject: Subject) -> Attentions:
        return over_text(subject.trainer, subject.network(), self.prompt)


class PatchAttentionProbe(Probe, frozen=True):
    """How much attention each part of an image is given, by layer and head."""

    index: int = 0  # the first example

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return is_image(subject.dataset.input_shape) and over_patches(subject.trainer)

    def take(self, subject: Subject) -> Maps:
        return over_image(subject.trainer, subject.network(), self.index)


def over_text(trainer: Trainer, single: Evaluator, text: str = "") -> Attentions:
    """Attention over a text; without one, or where the network never saw its characters, over a validation row."""
    dataset, vocabulary, problem = trainer.dataset, vocabulary_of(trainer), ""
    tokens = looked_at(dataset).x[0].astype(int)
    if text:
        try:
            tokens = vocabulary.encode(text, "the text")[: len(tokens)]
        except InputError as error:
            problem = str(error)
    elif isinstance(dataset.task, Answering) or dataset.pipeline.text == "lines":
        tokens = trimmed(tokens, vocabulary.end)
    x = np.full((1, *dataset.input_shape), vocabulary.end, single.memory.dtype)
    x[0, : len(tokens)] = tokens
    shown = min(len(tokens), MOST_TOKENS)
    layers = [(name, maps[:, :shown, :shown]) for name, maps in weights(single, x)]
    return Attentions([vocabulary.decode(np.array([n])) for n in tokens[:shown]], layers, problem)


def over_image(trainer: Trainer, single: Evaluator, index: int = 0) -> Maps:
    """Where in an image each head looks: what its patches are given by all of them together, from 0 to 1."""
    part = looked_at(trainer.dataset)
    x = part.x[index % len(part) : index % len(part) + 1]
    layers = []
    for i, (_, maps) in enumerate(weights(single, x)):
        given = maps.mean(axis=1)
        side = isqrt(given.shape[1])
        given = given[:, -side * side :].reshape(-1, side, side)  # what stands before the patches is no place
        low = given.min(axis=(1, 2), keepdims=True)
        high = given.max(axis=(1, 2), keepdims=True)
        layers.append((f"heads of layer {i + 1}", (given - low) / np.maximum(high - low, 1e-9)))
    return Maps(drawn_as(trainer.dataset, x)[0], layers, False)


def weights(single: Evaluator, x: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """(layer, weights (H, T, T)) of each attention layer for one row."""
    single.outputs(x)
    named = [(name, heads) for name, heads in attention_layers(single)]
    return [(name, single.memory[f"{name}.weights"][:heads].astype(float)) for name, heads in named]


def attention_layers(network: Evaluator) -> list[tuple[str, int]]:
    """(name, heads) of the attention layers, those within transformer blocks too."""
    return [(b.name, b.layer.heads) for b in network.builder.blocks if isinstance(b.layer, Attention)]


def over_tokens(trainer: Trainer) -> bool:
    return trainer.dataset.task.predicts_tokens and bool(attention_layers(trainer.evaluator))


def over_patches(trainer: Trainer) -> bool:
    """Whether attention goes over the squares of an image."""
    blocks = trainer.evaluator.builder.blocks
    return any(isinstance(b.layer, Patch) for b in blocks) and bool(attention_layers(trainer.evaluator))


def trimmed(tokens: np.ndarray, end: int) -> np.ndarray:
    """The tokens without the line ends that fill a row up."""
    kept = np.flatnonzero(tokens != end)
    return tokens[: kept[-1] + 2] if len(kept) else tokens[:1]
