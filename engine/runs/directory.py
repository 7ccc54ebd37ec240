"""RunDirectory: one training's files, plain enough that other tools can read them."""

import errno
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import InputError, StorageError, did_you_mean
from engine.events import EditEvent, Event, Log
from engine.experiment import Experiment, experiment_from, experiment_to_toml, read_toml
from engine.runs.checkpoint import Checkpoint
from engine.runs.files import append_lines, cannot_write, remove, write_whole

KEPT = 3  # step checkpoints; older ones are removed
LOCK_SECONDS = 0.5  # whoever only looks whether the run is trained holds the lock for an instant


class RunDirectory:
    """The directory of a run. Files are written whole, lines appended whole; readers skip an unfinished line.

    Reading changes nothing. Only who holds the `lock` may write.
    """

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
    def create(
        cls, root: Path, title: str, experiment: Experiment, name: str | None = None
    ) -> "RunDirectory":
        """A new directory under `root`, named `name`, or by the title and the time; it appears with its experiment.

        Raises InputError where it cannot be made, StorageError on a full disk.
        """
        if name is not None and (name != Path(name).name or name in ("", "..", "last") or name[0] == "."):
            raise InputError(f"--name {name!r}: expected the name of a directory, and not 'last'")
        stem = name or f"{title}-{time.strftime('%Y%m%d-%H%M%S')}"
        made = root / f".{stem}.{os.getpid()}.tmp"
        try:
            root.mkdir(parents=True, exist_ok=True)
            remove_leftovers(root)
            (made / "checkpoints").mkdir(parents=True)
            experiment.data.store_in(made)
            write_whole(made / "experiment.toml", experiment_to_toml(experiment).encode())
            for attempt in range(1, 1000):
                path = root / (stem if attempt == 1 else f"{stem}-{attempt}")
                if take_name(made, path):
                    return cls(path)
                if name and path.is_dir():
                    raise InputError(f"{path}: there is a run of that name; choose another --name")
                if not path.is_dir():
                    raise InputError(f"{path}: is not a directory; choose another --name")
            raise InputError(f"{root}: has too many runs named {stem}")
        except (FileExistsError, NotADirectoryError) as error:
            raise InputError(f"{error.filename}: is not a directory; choose another --runs") from None
        except StorageError:
            raise StorageError(
                f"{root}: is on a full disk; free some space, or choose another --runs"
            ) from None
        except OSError as error:
            failed = cannot_write(root, error)
            raise type(failed)(f"{failed}; choose another --runs") from None
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def discard(self) -> None:
        """Remove the directory of a run that never began."""
        if not self.steps() and not self.events():
            shutil.rmtree(self.path, ignore_errors=True)

    @classmethod
    def find(cls, reference: str, root: Path) -> "RunDirectory":
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
    def all(cls, root: Path) -> list["RunDirectory"]:
        """The runs under `root`, the oldest first."""
        files = root.glob("*/experiment.toml") if root.is_dir() else []
        return sorted((cls(f.parent) for f in files), key=lambda run: (run.began, run.name))

    @property
    def began(self) -> float:
        """When the run began, in seconds since 1970: by its first event, else by its experiment's file."""
        try:
            with open(self.path / "events.jsonl", "rb") as file:
                when = msgspec.json.decode(file.readline())["time"]
            return float(when)
        except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError):
            return (self.path / "experiment.toml").stat().st_mtime

    # -- holding ------------------------------------------------------------------------------------------

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run while training. Raises InputError when another process does."""
        try:
            file = open(self.path / "lock", "a+")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {error.strerror}") from None
        with file:
            until = time.monotonic() + LOCK_SECONDS
            while not lock_file(file):
                if time.monotonic() > until:
                    file.seek(0)
                    raise InputError(f"{self.path}: is being trained by process {file.read().strip() or '?'}")
                time.sleep(0.02)
            try:
                file.truncate(0)
                file.write(f"{os.getpid()}\n")
                file.flush()
            except OSError as error:
                raise cannot_write(self.path / "lock", error) from None
            remove_leftovers(self.path)
            remove_leftovers(self.checkpoints)
            yield

    def is_training(self) -> bool:
        """Whether a process holds the run now."""
        try:
            with open(self.path / "lock") as file:
                return not lock_file(file)
        except OSError:
            return False

    # -- writing, by who holds the lock -------------------------------------------------------------------

    def write_experiment(self, experiment: Experiment) -> None:
        """Write down exactly what runs now."""
        write_whole(self.path / "experiment.toml", experiment_to_toml(experiment).encode())

    def record(self, lines: list[tuple[Event, float]]) -> None:
        """Append events, each with its time, to the files they belong to; what was written is taken from `lines`.

        Raises StorageError on a full disk.
        """
        for name, is_log in (("metrics.jsonl", True), ("events.jsonl", False)):
            due = [(event, at) for event, at in lines if isinstance(event, Log) == is_log]
            if due:
                append_lines(self.path / name, b"".join(line_of(event, at) for event, at in due))
                lines[:] = [(event, at) for event, at in lines if isinstance(event, Log) != is_log]

    def save(self, state: Checkpoint, best: Checkpoint) -> Path:
        """Write a checkpoint and the best parameters; remove the oldest beyond the newest three."""
        self.checkpoints.mkdir(exist_ok=True)
        path = self.checkpoints / f"step-{state.step:09d}.safetensors"
        state.write(path)
        best.write(self.best)
        for old in self.steps()[:-KEPT]:
            remove(old)
        return path

    def truncate_after(self, step: int) -> None:
        """Drop the measurements after `step`: the resumed run takes them again."""
        metrics = self.metrics()
        kept = [line for line in metrics if line["step"] <= step]
        if len(kept) < len(metrics):
            content = b"".join(msgspec.json.encode(line) + b"\n" for line in kept)
            write_whole(self.path / "metrics.jsonl", content)

    def forget_summary(self) -> None:
        """Remove the summary of an end that is none any more."""
        remove(self.path / "summary.json")

    def finish(self, summary: dict[str, Any]) -> None:
        write_whole(self.path / "summary.json", json.dumps(summary, indent=2).encode() + b"\n")

    # -- reading ------------------------------------------------------------------------------------------

    def experiment(self) -> Experiment:
        """What runs now, or ran last, by experiment.toml."""
        path = self.path / "experiment.toml"
        experiment = experiment_from(read_toml(path), str(path))
        return msgspec.structs.replace(experiment, data=experiment.data.located(self.path))

    def steps(self) -> list[Path]:
        """The checkpoints by step, the oldest first."""
        return sorted(self.checkpoints.glob("step-*.safetensors"))

    def newest(self) -> tuple[Checkpoint | None, list[str]]:
        """(the newest good checkpoint, a message for each newer one that is damaged); None where there is none yet.

        Raises InputError where all are damaged.
        """
        complaints: list[str] = []
        for path in reversed(self.steps()):
            try:
                checkpoint = Checkpoint.read(path)
            except InputError as error:
                complaints.append(str(error))
                continue
            if checkpoint.progress is not None:
                return checkpoint, complaints
            complaints.append(f"{path}: holds no state to go on from")
        if complaints:
            raise InputError("; ".join(complaints))
        return None, []

    def edits(self) -> list[EditEvent]:
        """The edits that made the run what it is, in order. A later line takes the place of those with its own number
        and above, which belong to steps that were lost or left."""
        edits: list[EditEvent] = []
        for line in self.events():
            try:
                if line["event"] == "rewind":
                    edits = [e for e in edits if e.number <= int(line["edits"])]
                elif line["event"] == "edit":
                    fields = {k: v for k, v in line.items() if k not in ("time", "event")}
                    edit = msgspec.convert(fields, EditEvent)
                    edits = [*(e for e in edits if e.number < edit.number), edit]
            except (msgspec.ValidationError, KeyError, TypeError, ValueError):
                continue
        return edits

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


def take_name(made: Path, path: Path) -> bool:
    """Give a finished directory its name, unless that is taken; no process can come between, no kill leave half."""
    try:
        os.rename(made, path)  # an empty directory gives way, anything else does not
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            return False
        raise
    return True


def remove_leftovers(folder: Path) -> None:
    """Remove unfinished files and directories of processes that are no more."""
    for path in folder.glob(".*.tmp"):
        owner = path.name.split(".")[-2]
        if owner.isdigit() and int(owner) != os.getpid() and not is_alive(int(owner)):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                remove(path)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def lock_file(file: Any) -> bool:
    """Take an exclusive lock that ends with the process; False when another process has it."""
    try:
        import fcntl
    except ImportError:  # no such locks here
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def line_of(event: Event, time: float) -> bytes:
    return msgspec.json.encode({**event.flat(), "time": round(time, 3)}) + b"\n"


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
        if isinstance(tree, dict) and {"event", "step"} <= tree.keys() and isinstance(tree["step"], int):
            lines.append(tree)
    return lines
