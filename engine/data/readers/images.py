"""Picture files: which there are, and how they are opened. Pillow reads them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import InputError

ENDINGS = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm",
    ".pbm", ".pnm", ".tga", ".jp2", ".avif",
)  # fmt: skip


class Damaged(Exception):
    """A file that is no whole picture; the text says why."""


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """A picture as Pillow opens it. Raises InputError without Pillow, Damaged where the file is no whole picture."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise InputError(
            "pictures are read by Pillow, which is missing: pip install 'tui-lab[images]'"
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of large pictures and odd EXIF data
            with Image.open(file) as picture:
                yield picture
    except FileNotFoundError:
        if file.is_symlink():
            raise Damaged("is a link to nothing") from None
        raise InputError(f"{file}: there is no such file") from None
    except UnidentifiedImageError:
        empty = file.stat().st_size == 0
        raise Damaged("is empty" if empty else "is not a picture that can be read") from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise Damaged(f"cannot be read, or is damaged: {error}") from None
