"""Run: one training's directory, plain files that other tools can read."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine import checkpoint
from engine.errors import InputError, did_you_mean
from engine.events import Event, Log
from engine.experiment import Experiment, experiment_from, experiment_to_toml, read_toml
from engine.plan import io_spec
from engine.trainer import Progress, Trainer

KEPT = 3  # step checkpoints; older ones are removed


class Run:
    """The directory of a run. Files are written whole, lines appended whole; readers skip an unfinished line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The file of the parameters that did best on the validation rows."""
        return self.checkpoints / "best.safetensors"

    # -- making and finding -------------------------------------------------------------------------------

    @classmethod
    def create(cls, root: Path, title: str, name: str | None = None) -> "Run":
        """A new directory under `root`: `name`, or the title and the time. Raises InputError where it cannot be."""
        if name is not None and (name != Path(name).name or name in ("", "..", "last")):
            raise InputError(f"--name {name!r}: expected the name of a directory, and not 'last'")
        stem = name or f"{title}-{time.strftime('%Y%m%d-%H%M%S')}"
        for attempt in range(1, 1000):
            path = root / (stem if attempt == 1 else f"{stem}-{attempt}")
            try:
                (path / "checkpoints").mkdir(parents=True, exist_ok=False)
            except FileExistsError as error:
                if name and path.is_dir():
                    raise InputError(f"{path}: there is a run of that name; choose another --name") from None
                if not path.is_dir():
                    raise InputError(f"{error.filename}: is not a directory; choose another --runs") from None
                continue
            except OSError as error:
                raise InputError(f"{path}: cannot be made: {error.strerror}; choose another --runs") from None
            return cls(path)
        raise InputError(f"{root}: has too many runs named {stem}")

    def discard(self) -> None:
        """Remove the directory of a run that never began."""
        if not (self.path / "experiment.toml").exists():
            shutil.rmtree(self.path, ignore_errors=True)

    @classmethod
    def find(cls, reference: str, root: Path) -> "Run":
        """The run of a directory, of a name under `root`, or the `last` one. Raises InputError with near names."""
        for path in (Path(reference), root / reference):
            if (path / "experiment.toml").is_file():
                return cls(path)
        runs = cls.all(root)
        if reference == "last" and runs:
            return runs[-1]
        if reference == "last":
            raise InputError(f"there are no runs in {root}")
        raise InputError(f"no run {reference!r} in {root}; {did_you_mean(reference, (r.name for r in runs))}")

    @classmethod
    def all(cls, root: Path) -> list["Run"]:
        """The runs under `root`, the oldest first."""
        files = root.glob("*/experiment.toml") if root.is_dir() else []
        return [cls(f.parent) for f in sorted(files, key=lambda f: (f.stat().st_mtime_ns, f.parent.name))]

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run while training. Raises InputError when another process does."""
        try:
            file = open(self.path / "lock", "a+")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {error.strerror}") from None
        with file:
            if not lock_file(file):
                file.seek(0)
                raise InputError(f"{self.path}: is being trained by process {file.read().strip() or '?'}")
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def is_training(self) -> bool:
        """Whether a process holds the run now."""
        try:
            with open(self.path / "lock") as file:
                return not lock_file(file)
        except OSError:
            return False

    # -- writing ------------------------------------------------------------------------------------------

    def begin(self, trainer: Trainer) -> None:
        """Write down exactly what runs."""
        self.checkpoints.mkdir(exist_ok=True)
        toml = experiment_to_toml(trainer.experiment)
        checkpoint.write_whole(self.path / "experiment.toml", toml.encode())

    def record(self, event: Event) -> dict[str, Any]:
        """Append an event to its file, with the time; returns the line's values."""
        tree = event.flat() if isinstance(event, Log) else msgspec.to_builtins(event)
        name = "metrics.jsonl" if isinstance(event, Log) else "events.jsonl"
        line = msgspec.json.encode({**tree, "time": round(time.time(), 3)}) + b"\n"
        try:
            with open(self.path / name, "ab") as file:
                file.write(line)
        except OSError as error:
            raise InputError(f"{self.path / name}: cannot be written: {error.strerror}") from None
        return tree

    def save(self, trainer: Trainer) -> Path:
        """Write a checkpoint of the trainer and its best parameters; remove the oldest beyond the newest three."""
        self.save_best(trainer)
        path = self.checkpoints / f"step-{trainer.step:09d}.safetensors"
        header = self.header(trainer) | {"progress": msgspec.to_builtins(trainer.progress)}
        checkpoint.save(path, trainer.arrays(), header)
        for old in self.steps()[:-KEPT]:
            old.unlink(missing_ok=True)
        return path

    def save_best(self, trainer: Trainer) -> None:
        """Write the parameters to evaluate and predict with: the best, or the present ones before there are any."""
        arrays = trainer.best or trainer.evaluated()
        header = self.header(trainer) | {
            "step": trainer.progress.best_step if trainer.best else trainer.step,
        }
        checkpoint.save(self.best, arrays, header)

    def header(self, trainer: Trainer) -> dict[str, Any]:
        import numba

        return {
            "step": trainer.step,
            "experiment": experiment_to_toml(trainer.experiment),
            "seed": trainer.experiment.training.seed,
            "data": trainer.dataset.digest,
            "pipeline": trainer.dataset.pipeline.to_json(),
            "ends": asdict(io_spec(trainer.experiment, trainer.dataset)),
            "versions": {"numpy": np.__version__, "numba": numba.__version__},
        }

    def finish(self, summary: dict[str, Any]) -> None:
        checkpoint.write_whole(self.path / "summary.json", json.dumps(summary, indent=2).encode() + b"\n")

    # -- reading ------------------------------------------------------------------------------------------

    def experiment(self) -> Experiment:
        path = self.path / "experiment.toml"
        return experiment_from(read_toml(path), str(path))

    def steps(self) -> list[Path]:
        """The checkpoints by step, the oldest first."""
        return sorted(self.checkpoints.glob("step-*.safetensors"))

    def restore(self, trainer: Trainer) -> list[str]:
        """Put the newest good checkpoint into a started trainer; returns a message for each that was damaged.

        A run that was killed before its first checkpoint begins again. Raises InputError where all are damaged,
        or the data or the experiment is another one.
        """
        complaints: list[str] = []
        if not self.steps():
            return complaints
        for path in reversed(self.steps()):
            try:
                arrays, header = checkpoint.load(path)
            except InputError as error:
                complaints.append(str(error))
                continue
            trainer.check_state(arrays)
            if header["data"] != trainer.dataset.digest:
                raise InputError(f"{self.path}: the data has changed since the run began")
            best = checkpoint.load(self.best)[0] if header["progress"]["best_value"] is not None else {}
            trainer.restore(arrays, msgspec.convert(header["progress"], Progress), best)
            self.forget_after(trainer.step)
            return complaints
        raise InputError("; ".join(complaints))

    def forget_after(self, step: int) -> None:
        """Drop the measurements after `step`: the resumed run takes them again."""
        kept = [line for line in self.metrics() if line["step"] <= step]
        content = b"".join(msgspec.json.encode(line) + b"\n" for line in kept)
        checkpoint.write_whole(self.path / "metrics.jsonl", content)

    def metrics(self) -> list[dict[str, Any]]:
        return read_lines(self.path / "metrics.jsonl")

    def events(self) -> list[dict[str, Any]]:
        return read_lines(self.path / "events.jsonl")

    def summary(self) -> dict[str, Any] | None:
        """What stands in summary.json; None while the run has not ended."""
        try:
            summary = json.loads((self.path / "summary.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return summary if isinstance(summary, dict) else None


def lock_file(file: Any) -> bool:
    """Take an exclusive lock that ends with the process; False when another process has it."""
    try:
        import fcntl
    except ImportError:  # no such locks here: trust the person
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The events in a file of lines; an unfinished last line and a missing file are no error."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    lines = []
    for line in content.split(b"\n"):
        try:
            tree = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if isinstance(tree, dict) and {"event", "step"} <= tree.keys():
            lines.append(tree)
    return lines
