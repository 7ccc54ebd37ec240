"""Signals: rows of numbers in time, not columns of a table, with what the network says of them."""

from engine.data import Dataset
from engine.probes.images import Named, judged
from engine.probes.probe import Probe
from engine.probes.subject import Subject
from engine.trainer import Trainer

SHOWN = 40
SHORTEST = 8


class SignalsProbe(Probe, frozen=True):
    """Signals with what the network says of each."""

    index: int = 0  # the first example

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return subject.dataset.task.predicts_class and is_signal(subject.dataset)

    def take(self, subject: Subject) -> Named:
        return named(subject.trainer, self.index)


def is_signal(dataset: Dataset) -> bool:
    """Whether rows are single signals (T,) or (T, 1)."""
    shape = dataset.input_shape
    flat = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
    return flat and shape[0] >= SHORTEST and not dataset.features and not dataset.vocabulary


def named(trainer: Trainer, index: int = 0) -> Named:
    """Signals (M, T) from the example on with what the network says of them."""
    said, true, x = judged(trainer, index, SHOWN)
    return Named(x.reshape(len(x), -1).astype(float), said, true)
