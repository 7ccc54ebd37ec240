"""Fashion-MNIST: a part comes with the package, the whole from where Debian installs it."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from engine.data.readers.idx import read_idx
from engine.data.sources.bundled import FOLDER
from engine.data.sources.idx import Pair, raw_from_images, read_pair
from engine.data.sources.rows import Raw, RowSource
from engine.errors import InputError
from engine.hyper import hyper

INSTALLED = Path("/usr/share/datasets/fashion-mnist")
PACKAGE = "dataset-fashion-mnist"
TRAIN = 6000  # of the bundled rows; the others are test rows
CLASSES = (
    "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


class FashionMnist(RowSource, tag="fashion-mnist", kw_only=True):
    """Clothes of 10 kinds as 28 × 28 gray images with values from 0 to 255 (Xiao et al. 2017).

    The test rows are those of the published set; `split` divides the others.
    """

    samples: Annotated[
        Literal["bundled", "full"],
        hyper(f"bundled: 7,000 of the 70,000; full: all, where the Debian package {PACKAGE} is installed"),
    ] = "bundled"

    def load(self, rng: np.random.Generator) -> Raw:
        if self.samples == "bundled":
            images, labels = (
                read_idx(str(FOLDER / f"fashion-mnist-{n}.idx.xz")) for n in ("images", "labels")
            )
            return raw_from_images(
                (images[:TRAIN], labels[:TRAIN]), (images[TRAIN:], labels[TRAIN:]), CLASSES
            )
        if not INSTALLED.is_dir():
            raise InputError(
                f"data.samples = 'full': {INSTALLED} is not there; install the Debian package {PACKAGE} "
                "(apt install), or leave samples out for the bundled 7,000"
            )
        train, test = (installed(part) for part in ("train", "t10k"))
        return raw_from_images(train, test, CLASSES)


def installed(part: str) -> Pair:
    """Images and labels of a part of the whole set, where Debian's package puts them."""
    names = (f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz")
    return read_pair(*(str(INSTALLED / name) for name in names))
