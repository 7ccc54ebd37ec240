"""IDX files, the format of MNIST: reading them, and those of the user as a source."""

import gzip
import lzma
import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np

from engine.data.sources.rows import Raw, RowSource
from engine.errors import InputError
from engine.hyper import hyper
from engine.tasks import Classification

WHITE = 255.0  # what a white pixel of 8 bits holds
OPENERS: dict[str, Callable] = {".gz": gzip.open, ".xz": lzma.open}


class Idx(RowSource, tag="idx", kw_only=True):
    """Images of the user's in MNIST's format: IDX files of images and labels, plain, .gz or .xz.

    With test files these are the test rows, and `split` shares out the others.
    """

    images: Annotated[str, hyper("the file of images (train-images-idx3-ubyte.gz)")]
    labels: Annotated[str, hyper("the file of labels (train-labels-idx1-ubyte.gz)")]
    test_images: Annotated[str, hyper("a file of images that are only tested on; left out: by the split")] = (
        ""
    )
    test_labels: Annotated[str, hyper("and its labels")] = ""

    def __post_init__(self) -> None:
        if bool(self.test_images) != bool(self.test_labels):
            raise ValueError("test_images and test_labels are given together or not at all")

    @property
    def where(self) -> str:
        return self.images

    def load(self, rng: np.random.Generator) -> Raw:
        train = read_pair(self.images, self.labels)
        test = read_pair(self.test_images, self.test_labels) if self.test_images else None
        if test and test[0].shape[1:] != train[0].shape[1:]:
            raise InputError(
                f"{self.test_images}: images are {sides(test[0])}, those of {self.images} are {sides(train[0])}"
            )
        highest = max(int(labels.max()) for _, labels in filter(None, (train, test)))
        return raw_from_images(train, test, tuple(map(str, range(highest + 1))))


Pair = tuple[np.ndarray, np.ndarray]  # images (R, H, W) uint8, labels (R,) uint8


def raw_from_images(train: Pair, test: Pair | None, classes: tuple[str, ...]) -> Raw:
    """Rows of grey images (R, H, W, 1), those of `test` fixed as the test part."""
    images, labels = (np.concatenate(arrays) for arrays in zip(*filter(None, (train, test)), strict=True))
    rows = len(train[0])
    parts = (np.arange(rows), None, np.arange(rows, len(images))) if test else None
    y = labels.astype(np.float64)[:, None]
    return Raw(Classification(), images[..., None], y, classes, targets=("class",), parts=parts, white=WHITE)


def read_pair(images: str, labels: str) -> Pair:
    """Images (R, H, W) and labels (R,). Raises InputError where the files do not belong together."""
    x, y = read_idx(images), read_idx(labels)
    if x.ndim != 3 or not x.size:
        raise InputError(
            f"{images}: holds an array of shape {x.shape}, expected images (rows, height, width)"
        )
    if y.ndim != 1:
        raise InputError(f"{labels}: holds an array of shape {y.shape}, expected a label a row")
    if len(x) != len(y):
        raise InputError(f"{images}: has {len(x):,} images, {labels} has {len(y):,} labels")
    return x, y


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
            return file.read()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: is cut short or damaged: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def sides(images: np.ndarray) -> str:
    """How an error tells the size of images (R, H, W, …)."""
    return f"{images.shape[1]} × {images.shape[2]}"
