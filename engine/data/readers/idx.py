"""IDX files, the format of MNIST: arrays of bytes, plain, .gz or .xz."""

import gzip
import lzma
import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InputError

OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}


def read_idx(path: str) -> np.ndarray:
    """The array of bytes in an IDX file: two zeros, type 8, the number of axes, their lengths, the values.

    Raises InputError where it is none, or is cut short.
    """
    content = read_bytes(path)
    axes = content[3] if len(content) > 3 else 0
    start = 4 + 4 * axes
    if content[:2] != b"\0\0" or not axes or len(content) < start:
        raise InputError(f"{path}: is not an IDX file")
    if content[2] != 8:
        raise InputError(f"{path}: holds values of the IDX type {content[2]}, expected bytes (type 8)")
    shape = tuple(np.frombuffer(content, ">u4", axes, offset=4).tolist())
    expected, found = math.prod(shape), len(content) - start
    if found != expected:
        word = "is cut short" if found < expected else "is too long"
        size = " × ".join(f"{n:,}" for n in shape)
        raise InputError(f"{path}: {word}: it promises {size} values and holds {found:,}")
    return np.frombuffer(content, np.uint8, expected, offset=start).reshape(shape)


def read_bytes(path: str) -> bytes:
    """A file's content, unpacked. Raises InputError where it cannot be read."""
    try:
        with OPENERS.get(Path(path).suffix.lower(), open)(path, "rb") as file:
            result: bytes = file.read()
            return result
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: is cut short or damaged: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
