"""Pictures of the user's: a folder of PNG or JPEG files, one folder for each class. Pillow reads them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from engine.data.sources.idx import WHITE
from engine.data.sources.rows import Parts, Raw, RowSource
from engine.errors import InputError
from engine.hyper import hyper
from engine.tasks import Classification

ENDINGS = (".png", ".jpg", ".jpeg")
COLORLESS = ("1", "L", "LA", "I;16", "I")  # Pillow's modes
PARTS = ("train", "val", "test")


class Images(RowSource, tag="images", kw_only=True):
    """Pictures of the user's: a folder with a folder of PNG or JPEG files for each class.

    Where its folders are called train, val and test, these hold the classes and are the parts; what is missing of
    val and test is taken from train by `split`.
    """

    path: Annotated[str, hyper("the folder")]
    size: Annotated[
        int, hyper("scale all to squares this wide; 0: all have one size", ge=0, le=1024, unit="pixels")
    ] = 0
    colors: Annotated[Literal["auto", "grey", "rgb"], hyper("auto: grey where no picture has colors")] = (
        "auto"
    )
    former_fields = {"colours": "colors"}

    @property
    def where(self) -> str:
        return self.path

    def load(self, rng: np.random.Generator) -> Raw:
        root = Path(self.path)
        nested = "train" in folders_of(root) and set(folders_of(root)) <= set(PARTS)
        found = [labelled(root / part) for part in PARTS] if nested else [labelled(root)]
        files = [file for part in found for file in part]
        classes = tuple(sorted({label for _, label in files}))
        if len(classes) < 2:
            raise InputError(
                f"{self.path}: expected two or more folders of {' or '.join(ENDINGS)} files, one for each class; "
                f"found {len(classes)}"
            )
        x = read_pictures([file for file, _ in files], self.colors, self.size)
        number = {label: i for i, label in enumerate(classes)}
        y = np.array([[number[label]] for _, label in files], np.float64)
        parts = ranges([len(part) for part in found]) if nested else None
        return Raw(
            Classification(), x, y, classes, targets=("class",), parts=parts, white=WHITE, size=self.size
        )


def ranges(sizes: list[int]) -> Parts:
    """Row numbers of train, val and test that stand one after the other; None for an empty one."""
    train, val, test = sizes
    rows = np.arange(sum(sizes))
    return rows[:train], rows[train : train + val] if val else None, rows[train + val :] if test else None


def entries(folder: Path) -> list[Path]:
    """What is in a folder, by name, without hidden files. Raises InputError where there is no such folder."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        raise InputError(f"{folder}: there is no such folder") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror or error}") from None


def folders_of(folder: Path) -> list[str]:
    return [entry.name for entry in entries(folder) if entry.is_dir()]


def pictures_in(folder: Path) -> list[Path]:
    return [entry for entry in entries(folder) if entry.suffix.lower() in ENDINGS]


def labelled(folder: Path) -> list[tuple[Path, str]]:
    """The pictures in the folders of a folder, each with the name of its folder; none where a part is not there."""
    if not folder.is_dir() and folder.name in PARTS:
        return []
    return [(file, name) for name in folders_of(folder) for file in pictures_in(folder / name)]


def read_pictures(files: Sequence[Path], colors: str = "auto", size: int = 0) -> np.ndarray:
    """Pictures as bytes (R, H, W, C), C being 1 for grey and 3 for colors.

    Raises InputError for a file that is no picture, and for one of another size than the first.
    """
    if colors == "auto":
        modes = set()
        for file in files:
            with opened(file) as picture:
                modes.add(picture.mode)
        colors = "grey" if modes <= set(COLORLESS) else "rgb"
    rows: np.ndarray | None = None
    for i, file in enumerate(files):
        with opened(file) as picture:
            values = pixels(picture, colors, size)
        if rows is None:
            check_fits(len(files), values)
            rows = np.empty((len(files), *values.shape), np.uint8)
        if values.shape != rows.shape[1:]:
            raise InputError(
                f"{file}: is {values.shape[0]} × {values.shape[1]} pixels (height × width), {files[0]} is "
                f"{rows.shape[1]} × {rows.shape[2]}; data.size scales all to one size"
            )
        rows[i] = values
    assert rows is not None
    return rows


def check_fits(count: int, values: np.ndarray) -> None:
    """Raise InputError where so many pictures, as bytes and twice in float32, are too much for memory."""
    import psutil

    needed, free = count * values.size * (1 + 2 * 4), psutil.virtual_memory().available
    if needed > 0.9 * free:
        raise InputError(
            f"{count:,} pictures of {values.shape[0]} × {values.shape[1]} pixels need {needed / 2**30:.1f} GiB, "
            f"{free / 2**30:.1f} GiB are free; make data.size smaller"
        )


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """A picture as Pillow opens it. Raises InputError without Pillow, and where the file is no whole picture."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise InputError(
            "pictures are read by Pillow, which is missing: pip install 'tui-lab[images]'"
        ) from None
    try:
        with Image.open(file) as picture:
            yield picture
    except UnidentifiedImageError:
        raise InputError(f"{file}: is not a picture that can be read") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{file}: cannot be read, or is damaged: {error}") from None


def pixels(picture: Any, colors: str, size: int) -> np.ndarray:
    """The bytes (H, W, C) of an open picture; with `size` cut to a square about its center and scaled."""
    from PIL import Image, ImageOps

    if picture.mode.startswith("I"):  # 16 bits a pixel, of which Pillow's own conversion keeps the wrong ones
        picture = Image.fromarray((np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    picture = picture.convert("L" if colors == "grey" else "RGB")
    if size:
        picture = ImageOps.fit(picture, (size, size))
    values = np.asarray(picture, np.uint8)
    return values[..., None] if values.ndim == 2 else values
