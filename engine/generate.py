"""Generator: text from a network that predicts the next token, one token after the other."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.builder import Builder, IOSpec
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.vocabulary import Vocabulary
from engine.errors import InputError, TrainingError
from engine.experiment import Experiment
from engine.machine.memory import Memory
from engine.machine.program import Phase, Program
from engine.network import NetworkSpec, initialize, lay_out

SAMPLE_STREAM = 4


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen from its scores."""

    temperature: float = 1.0  # divides the scores; 0: always the likeliest
    top_k: int = 0  # only the k likeliest tokens; 0: all
    top_p: float = 1.0  # only the likeliest that have so much probability together (Holtzman et al. 2020)

    def choose(self, scores: np.ndarray, rng: np.random.Generator) -> int:
        """A token for scores (V,). Raises TrainingError where they are not finite."""
        if not np.isfinite(scores).all():
            raise TrainingError("the network's scores are not finite: its parameters are damaged or diverged")
        if self.temperature <= 0:
            return int(scores.argmax())
        z = scores.astype(np.float64) / self.temperature
        p = np.exp(z - z.max())
        if 0 < self.top_k < len(p):
            p[p < np.partition(p, -self.top_k)[-self.top_k]] = 0
        if self.top_p < 1:
            order = np.argsort(-p, kind="stable")
            reached = np.cumsum(p[order])
            p[order[np.searchsorted(reached, self.top_p * reached[-1]) + 1 :]] = 0
        reached = np.cumsum(p)
        place = int(np.searchsorted(reached, rng.random() * reached[-1], side="right"))
        return min(place, int(np.flatnonzero(p)[-1]))  # the product may round up to the sum itself


class Generator:
    """A copy of the network for one row, with parameters of its own that `load` sets.

    A network whose layers can see one position at a time keeps what it computed before (keys and values of
    attention, states of recurrent layers) and computes one position a token. Where it has a longest context, it goes
    on after that with the newest half of it. Other networks see the whole window of the context for each token.
    """

    def __init__(self, experiment: Experiment, network: NetworkSpec, io: IOSpec, pipeline: Pipeline) -> None:
        if not pipeline.text:
            raise InputError(
                "only a network trained on text writes text; tui-lab predict takes rows of other data"
            )
        self.vocabulary = Vocabulary("byte" if pipeline.tokens == "byte" else "character", pipeline.classes)
        self.kind = pipeline.text
        self.context = io.input_shape[0]
        self.network = network
        self.streaming = io.positions > 1
        self.memory = Memory(experiment.training.precision)
        lay_out(self.memory, network)
        self.net = Builder(self.memory, "generation", io, streaming=self.streaming)
        self.x = self.net.input((1, 1) if self.streaming else (1, self.context))
        self.z = self.net.sequence(experiment.model, self.x)
        # Where nothing asks for the position, nothing ends with the context: recurrent layers go on for ever.
        self.bounded = "position" in self.memory.areas
        self.phase = Phase("generate", [self.net.forward])
        self._program: Program | None = None
        self._written = 0

    def compile(self) -> None:
        """Allocate and make the table; compiles what is not compiled yet."""
        if self._program is None:
            self.memory.allocate()
            initialize(self.memory, self.network, 0)
            self._program = Program([self.phase], self.memory.dtype.name)

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Copy parameters and statistics by name."""
        self.compile()
        for area in ("parameters", "statistics"):
            if area in self.memory.areas:
                for name, tensor in self.memory.areas[area].tensors.items():
                    tensor.array[...] = arrays[name]

    def write(
        self, prompt: str = "", length: int = 200, sampling: Sampling = Sampling(), seed: int = 1
    ) -> Iterator[str]:
        """Pieces of text that go on from the prompt, `length` tokens at most; an answer ends with its line.

        Raises InputError where the prompt has characters that the network never saw.
        """
        tokens = self.vocabulary.encode(prompt, "the prompt").tolist()
        if self.kind == "lines" or not tokens:
            tokens.insert(0, self.vocabulary.end)
        rng = np.random.default_rng([seed, SAMPLE_STREAM])
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._restart()
        unread = len(tokens)
        for _ in range(length):
            token = sampling.choose(self._read(tokens, unread), rng)
            tokens.append(token)
            unread = 1
            text = self.vocabulary.tokens[token]
            yield decoder.decode(text.encode("latin-1")) if self.vocabulary.kind == "byte" else text
            if token == self.vocabulary.end and self.kind != "running":
                if self.kind == "pairs":
                    break
                tokens = [token]  # a line knows nothing of the ones before it, in training too
                self._restart()
        yield decoder.decode(b"", final=True)  # a character that was begun and not ended

    def _restart(self) -> None:
        self.compile()
        for name, area in self.memory.areas.items():
            if name.startswith("generation.state"):
                area.array[:] = 0
        self._written = 0

    def _read(self, tokens: list[int], new: int) -> np.ndarray:
        """The scores (V,) of what follows `tokens`, of which the last `new` are not read yet."""
        if not self.streaming:
            window = tokens[-self.context :]
            self.x.array[0] = [self.vocabulary.end] * (self.context - len(window)) + window
            self._run()
        else:
            if self.bounded and self._written + new > self.context:
                new = min(len(tokens), max(1, self.context // 2))
                self._restart()
            for token in tokens[-new:]:
                self.x.array[0, 0] = token
                if self.bounded:
                    self.net.position.array[0] = self._written
                self._run()
                self._written += 1
        return self.z.array.reshape(-1)

    def _run(self) -> None:
        from engine.machine.vm import run_lanes

        assert self._program is not None
        run_lanes(False)(self._program.headers[0])
        self._program.raise_faults()
