"""Subject: a training as probes see it, through networks with parameters of their own."""

from engine.data import Dataset
from engine.evaluate import Evaluator
from engine.generate import Generator
from engine.plan import io_spec
from engine.trainer import Trainer


class Subject:
    """The networks that probes compute with, each made when it is first asked for.

    Their parameters are copies, taken by `refresh`: the run's bits do not depend on whether anybody looks.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self._networks: dict[int, Evaluator] = {}
        self._generator: Generator | None = None
        self._model = trainer.experiment.model

    @property
    def dataset(self) -> Dataset:
        return self.trainer.dataset

    def refresh(self) -> None:
        """Take over the trainer's parameters; after an edit of its layers, their fields too."""
        if self.trainer.experiment.model != self._model:
            self._model = self.trainer.experiment.model
            self._networks, self._generator = {}, None
        arrays = self.trainer.evaluated()
        self.trainer.evaluator.load(arrays)
        for network in self._networks.values():
            network.load(arrays)
        if self._generator is not None:
            self._generator.load(arrays)

    def network(self, rows: int = 1) -> Evaluator:
        """A network for so many rows at a time."""
        if rows not in self._networks:
            trainer = self.trainer
            io = io_spec(trainer.experiment, trainer.dataset)
            self._networks[rows] = Evaluator(trainer.experiment, trainer.network, io, rows)
            self._networks[rows].load(trainer.evaluated())
        return self._networks[rows]

    @property
    def generator(self) -> Generator:
        """What writes text. Raises InputError where the network was not trained on text."""
        if self._generator is None:
            self._generator = self.new_generator()
            self._generator.load(self.trainer.evaluated())
        return self._generator

    def new_generator(self) -> Generator:
        """Another one, with parameters of its own that stay until `load`."""
        trainer = self.trainer
        io = io_spec(trainer.experiment, trainer.dataset)
        return Generator(trainer.experiment, trainer.network, io, trainer.dataset.pipeline)
