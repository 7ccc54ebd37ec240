"""Answers of a network that was trained on prompts and their answers."""

import msgspec
import numpy as np

from engine.data.preparation.vocabulary import Vocabulary
from engine.errors import InputError
from engine.evaluate import Evaluator
from engine.generate import Generator, Sampling
from engine.probes.probe import Probe
from engine.probes.rows import looked_at
from engine.probes.subject import Subject
from engine.tasks import Answering
from engine.trainer import Trainer

ANSWERS = 40


class Answers(msgspec.Struct, frozen=True, eq=False):
    """Answers to prompts of the validation rows, and to your own."""

    rows: list[tuple[str, str, str]]  # prompt, what the network says, what is right
    asked: tuple[str, str] | None  # your prompt, and what the network says
    problem: str = ""


class AnswersProbe(Probe, frozen=True):
    """The most likely answers to some prompts of the validation rows, and to `prompt` if there is one."""

    prompt: str = ""

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return isinstance(subject.dataset.task, Answering)

    def take(self, subject: Subject) -> Answers:
        rows = answers(subject.trainer, subject.network(ANSWERS))
        if not self.prompt:
            return Answers(rows, None)
        try:
            return Answers(rows, (self.prompt, most_likely(subject.generator, self.prompt)))
        except InputError as error:
            return Answers(rows, None, str(error))


def most_likely(generator: Generator, prompt: str) -> str:
    """The most likely continuation of a prompt, to its line's end. Raises InputError for unknown characters."""
    return "".join(generator.write(prompt, generator.context, Sampling(0.0))).rstrip("\n")


def answers(trainer: Trainer, network: Evaluator) -> list[tuple[str, str, str]]:
    """(prompt, the most likely answer, the right one) of the first rows that are looked at."""
    part = looked_at(trainer.dataset)
    y = part.y[:ANSWERS].astype(int)
    said = greedy(network, part.x[:ANSWERS], y)
    vocabulary = vocabulary_of(trainer)
    rows = []
    for tokens, own, right in zip(part.x[:ANSWERS], said, y, strict=True):
        scored = right >= 0
        first = int(scored.argmax()) + 1
        parts = (
            vocabulary.decode(line).split("\n")[0] for line in (tokens[:first], own[scored], right[scored])
        )
        question, guess, truth = parts
        rows.append((question, guess, truth))
    return rows


def greedy(network: Evaluator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The tokens (R, T) that the network says where y (R, T) is not −1, each after those that it said before."""
    x, said = x.copy(), np.full(y.shape, -1)
    places = np.flatnonzero((y >= 0).any(axis=0))
    for t in range(places[0], places[-1] + 1) if len(places) else ():
        said[:, t] = network.outputs(x).reshape(*y.shape, -1)[:, t].argmax(axis=1)
        if t + 1 < x.shape[1]:
            own = y[:, t] >= 0
            x[own, t + 1] = said[own, t]
    return said


def vocabulary_of(trainer: Trainer) -> Vocabulary:
    pipeline = trainer.dataset.pipeline
    return Vocabulary("byte" if pipeline.tokens == "byte" else "character", pipeline.classes)
