"""Writes the bundled part of Fashion-MNIST to engine/data/files: python tools/make_bundled_fashion.py [FOLDER]

FOLDER holds the four IDX files, as the Debian package dataset-fashion-mnist installs them.
"""

import lzma
import sys
from pathlib import Path

import numpy as np

from engine.data.sources.fashion import INSTALLED
from engine.data.sources.idx import read_idx

FILES = Path(__file__).parents[1] / "engine" / "data" / "files"
TRAIN, TEST = 600, 100  # of each class


def first_of_each_class(folder: Path, part: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first images (M, H, W) of each class and their labels (M,), in the order of the files."""
    images = read_idx(str(folder / f"{part}-images-idx3-ubyte.gz"))
    labels = read_idx(str(folder / f"{part}-labels-idx1-ubyte.gz"))
    kept = np.sort(np.concatenate([np.flatnonzero(labels == c)[:count] for c in range(10)]))
    return images[kept], labels[kept]


def write_idx(name: str, array: np.ndarray) -> None:
    sizes = np.array(array.shape, ">u4").tobytes()
    content = bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 0, "pb": 0}]
    (FILES / name).write_bytes(lzma.compress(content, filters=filters))


def main(folder: Path) -> None:
    parts = [first_of_each_class(folder, "train", TRAIN), first_of_each_class(folder, "t10k", TEST)]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    write_idx("fashion-mnist-images.idx.xz", images)
    write_idx("fashion-mnist-labels.idx.xz", labels)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else INSTALLED)
