"""Pictures as arrays of bytes. Pillow reads them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InputError

ENDINGS = (".png", ".jpg", ".jpeg")
COLORLESS = ("1", "L", "LA", "I;16", "I")  # Pillow's modes


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
