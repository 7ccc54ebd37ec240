"""Pictures of language: text that the network writes, answers it gives, and where its attention goes."""

from contextlib import suppress

import msgspec
import numpy as np

from engine.data.vocabulary import Vocabulary
from engine.errors import InputError
from engine.generate import Generator, Sampling
from engine.layers.attention import Attention
from engine.trainer import ENGINE, Trainer

LENGTH = 240  # tokens of a sample
ANSWERS = 40
MOST_TOKENS = 32  # of a text on an attention map


class Writing(msgspec.Struct, frozen=True, eq=False):
    """A text that the network wrote at a step."""

    step: int
    prompt: str
    text: str
    problem: str = ""  # why there is none


class Answers(msgspec.Struct, frozen=True, eq=False):
    """Answers to prompts of the validation rows."""

    rows: list[tuple[str, str, str]]  # prompt, what the network says, what is right


class Attentions(msgspec.Struct, frozen=True, eq=False):
    """Where each position of a text looks, by layer and head: row t of a map is what t looks at."""

    tokens: list[str]  # (T,)
    layers: list[tuple[str, np.ndarray]]  # (name, (H, T, T))


def vocabulary_of(trainer: Trainer) -> Vocabulary:
    pipeline = trainer.dataset.pipeline
    return Vocabulary("byte" if pipeline.tokens == "byte" else "character", pipeline.classes)


def writing(trainer: Trainer, generator: Generator, prompt: str, temperature: float, seed: int) -> Writing:
    """A text that goes on from the prompt; `generator` must hold the parameters to write with."""
    try:
        with ENGINE:
            pieces = generator.write(prompt, LENGTH, Sampling(temperature), seed)
            return Writing(trainer.step, prompt, "".join(pieces))
    except InputError as error:
        return Writing(trainer.step, prompt, "", str(error))


def answers(trainer: Trainer) -> Answers:
    """The likeliest answer to some prompts, each token given the right ones before it."""
    part = trainer.dataset.val if len(trainer.dataset.val) else trainer.dataset.train
    x, y = part.x[:ANSWERS], part.y[:ANSWERS].astype(int)
    vocabulary = vocabulary_of(trainer)
    guess = outputs(trainer, x).argmax(axis=2)
    rows = []
    for tokens, said, right in zip(x, guess, y, strict=True):
        scored = right >= 0
        first = int(scored.argmax()) + 1
        words = (
            vocabulary.decode(line).rstrip("\n") for line in (tokens[:first], said[scored], right[scored])
        )
        prompt, said_text, right_text = words
        rows.append((prompt, said_text, right_text))
    return Answers(rows)


def attentions(trainer: Trainer, text: str = "") -> Attentions:
    """Attention over a text; without one, over the first validation row."""
    dataset = trainer.dataset
    part = dataset.val if len(dataset.val) else dataset.train
    tokens = part.x[0].astype(int)
    with suppress(InputError):  # a character that the network never saw
        tokens = vocabulary_of(trainer).encode(text)[: len(tokens)] if text else tokens
    x = np.zeros((1, *dataset.input_shape), part.x.dtype)
    x[0, : len(tokens)] = tokens
    outputs(trainer, x)
    shown = min(len(tokens), MOST_TOKENS)
    layers = []
    for name, heads in attention_layers(trainer):
        maps = trainer.evaluator.memory[f"{name}.weights"][:heads, :shown, :shown]
        layers.append((name, maps.astype(float)))
    return Attentions([vocabulary_of(trainer).decode(np.array([n])) for n in tokens[:shown]], layers)


def attention_layers(trainer: Trainer) -> list[tuple[str, int]]:
    """(name, heads) of the attention layers, those within transformer blocks too."""
    return [
        (b.name, b.layer.heads) for b in trainer.evaluator.builder.blocks if isinstance(b.layer, Attention)
    ]


def outputs(trainer: Trainer, x: np.ndarray) -> np.ndarray:
    with ENGINE:
        return trainer.evaluator.outputs(x)
