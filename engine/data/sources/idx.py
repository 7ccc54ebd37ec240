"""Images in IDX files, the format of MNIST, as a source."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from engine.data.preparation.pipeline import Pipeline
from engine.data.readers.idx import read_idx
from engine.data.sources.base import NewRows, Source
from engine.data.sources.rows import Raw, RowSource
from engine.errors import InputError
from engine.hyper import hyper
from engine.tasks import Classification

WHITE = 255.0  # what a white pixel of 8 bits holds


class Idx(RowSource, tag="idx", kw_only=True):
    """Images in MNIST's format: IDX files of images and labels, plain, .gz or .xz.

    With test files these are the test rows, and `split` divides the others.
    """

    files: ClassVar[tuple[str, ...]] = ("images", "labels", "test_images", "test_labels")

    images: Annotated[str, hyper("path of the images (train-images-idx3-ubyte.gz)")]
    labels: Annotated[str, hyper("path of the labels (train-labels-idx1-ubyte.gz)")]
    test_images: Annotated[str, hyper("path of the test images; default: taken from the split")] = ""
    test_labels: Annotated[str, hyper("path of the test labels")] = ""

    def __post_init__(self) -> None:
        if bool(self.test_images) != bool(self.test_labels):
            raise ValueError("test_images and test_labels are given together or not at all")

    @classmethod
    def opens(cls, path: str) -> bool:
        return "ubyte" in Path(path).name or ".idx" in Path(path).name

    @classmethod
    def of_path(cls, path: str, **fields: Any) -> "Source":
        name = Path(path).name
        if "images-idx3" not in name.lower():
            raise InputError(
                f"{path}: expected a file of images (…-images-idx3-ubyte) with its labels beside it"
            )
        labels = str(Path(path).with_name(re.sub("images-idx3", "labels-idx1", name, flags=re.IGNORECASE)))
        return cls(images=path, **{"labels": labels, **fields})

    @classmethod
    def new_rows(cls, path: str, fitted: Pipeline, input_shape: tuple[int, ...]) -> NewRows:
        check_white(path, fitted)
        return NewRows(as_bright(path, read_idx(path)[..., None], fitted, input_shape))

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


def check_white(path: str, fitted: Pipeline) -> None:
    """Raise InputError where the run was not trained on pictures."""
    if not fitted.white:
        raise InputError(f"{path}: the run was not trained on pictures; expected a table or an .npz file")


def as_bright(path: str, images: np.ndarray, fitted: Pipeline, input_shape: tuple[int, ...]) -> np.ndarray:
    """Pictures (R, H, W, C) as bright as those of training. Raises InputError where their size is another."""
    if images.shape[1:] != input_shape:
        found, wanted = (" × ".join(map(str, shape)) for shape in (images.shape[1:-1], input_shape[:-1]))
        raise InputError(f"{path}: is {found} pixels (height × width), the run was trained on {wanted}")
    return images * (fitted.white / WHITE)


def sides(images: np.ndarray) -> str:
    """How an error tells the size of images (R, H, W, …)."""
    return f"{images.shape[1]} × {images.shape[2]}"
