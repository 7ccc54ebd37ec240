"""Checkpoints: named arrays and a JSON header in one safetensors file, written whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InputError

HEADER = "tui-lab"
FORMAT = 2


def save(path: Path, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    """Write arrays and header (plain JSON values); the file appears under its name when it is complete."""
    from safetensors.numpy import save as serialize

    metadata = {HEADER: json.dumps({"format": FORMAT, **header})}
    write_whole(path, serialize({n: np.ascontiguousarray(a) for n, a in arrays.items()}, metadata))


def load(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and header of a file that `save` wrote. Raises InputError when it is damaged or of another kind."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})[HEADER])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such checkpoint") from None
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: the checkpoint is damaged: {error}") from None
    except KeyError:
        raise InputError(f"{path}: is not a checkpoint of tui-lab") from None
    if header.get("format") != FORMAT:
        raise InputError(f"{path}: format {header.get('format')}, this version reads format {FORMAT}")
    return arrays, header


def write_whole(path: Path, content: bytes) -> None:
    """Temporary file, fsync, rename: a reader sees the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
