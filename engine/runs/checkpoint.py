"""Checkpoints: a run at one step, as named arrays and a JSON header in one safetensors file."""

import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from engine.errors import InputError
from engine.experiment import Experiment, experiment_from, experiment_to_toml
from engine.runs.files import write_whole

HEADER = "tui-lab"  # its digest and the header; one key, as those of safetensors have no order
FORMAT = 3
BEST = "best/"  # in front of the names of the best parameters

Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class Progress(msgspec.Struct):
    """What a trainer knows besides its arrays: saved with them, so that a resumed run goes on the same way."""

    best_value: float | None = None
    best_step: Count = 0
    evaluations_since_best: Count = 0
    plateau: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    logged_step: Count = 0
    edits: Count = 0  # how many were made so far
    ended: str = ""
    log: dict[str, Any] = {}


@dataclass(frozen=True)
class Checkpoint:
    """A run at one step: the experiment that ran, every array that a resumed run needs, and its progress.

    Of the best parameters (`best.safetensors`) there is no progress: nothing goes on from them.
    """

    step: int
    experiment: Experiment
    arrays: dict[str, np.ndarray]
    data: str  # the data set's digest
    pipeline: dict[str, Any]
    io: dict[str, Any]
    progress: Progress | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def best(self) -> dict[str, np.ndarray]:
        """The best parameters by name; empty before there are any."""
        return {n.removeprefix(BEST): a for n, a in self.arrays.items() if n.startswith(BEST)}

    def write(self, path: Path) -> None:
        """Write the file whole, with a digest of the header and of every array.

        Raises StorageError on a full disk, InputError where nobody may write.
        """
        from safetensors.numpy import save

        arrays = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        header = json.dumps(
            {
                "format": FORMAT,
                "step": self.step,
                "experiment": experiment_to_toml(self.experiment),
                "data": self.data,
                "pipeline": self.pipeline,
                "io": self.io,
                "progress": msgspec.to_builtins(self.progress),
                "versions": self.versions,
                "digests": {name: digest_of(array) for name, array in sorted(arrays.items())},
            }
        )
        write_whole(path, save(arrays, {HEADER: f"{digest_of(header.encode())} {header}"}))

    @classmethod
    def read(cls, path: Path) -> "Checkpoint":
        """Read a file that `write` wrote. Raises InputError where it is missing, damaged or of another kind."""
        arrays, metadata = contents(path)
        if HEADER not in metadata:
            raise InputError(f"{path}: is not a checkpoint of tui-lab")
        digest, _, text = metadata[HEADER].partition(" ")
        if digest != digest_of(text.encode()):
            raise InputError(
                f"{path}: the checkpoint is damaged, or of an older version: its header has changed"
            )
        header = json.loads(text)
        if header["format"] != FORMAT:
            raise InputError(f"{path}: format {header['format']}, this version reads format {FORMAT}")
        if header["digests"].keys() != arrays.keys():
            raise InputError(f"{path}: the checkpoint is damaged: its list of arrays has changed")
        for name, array in arrays.items():
            if header["digests"][name] != digest_of(array):
                raise InputError(f"{path}: the checkpoint is damaged: {name} has changed")
        try:
            progress = msgspec.convert(header["progress"], Progress | None)
        except msgspec.ValidationError as error:
            raise InputError(f"{path}: the checkpoint is damaged: {error}") from None
        experiment = experiment_from(tomllib.loads(header["experiment"]), str(path))
        return cls(
            header["step"], experiment, arrays, header["data"], header["pipeline"], header["io"], progress,
            header["versions"],
        )  # fmt: skip


def contents(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """(arrays, metadata) of a safetensors file. Raises InputError where it cannot be read."""
    from safetensors import safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such checkpoint") from None
    except Exception as error:  # flipped bytes end in errors of many kinds
        raise InputError(f"{path}: the checkpoint is damaged: {error}") from None


def digest_of(content: np.ndarray | bytes) -> str:
    """A fingerprint of bytes, or of an array with its element type and shape."""
    digest = hashlib.blake2b(digest_size=16)
    if isinstance(content, np.ndarray):
        digest.update(f"{content.dtype}{content.shape}".encode())
        digest.update(content.tobytes())
    else:
        digest.update(content)
    return digest.hexdigest()
