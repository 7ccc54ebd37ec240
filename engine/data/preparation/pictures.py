"""Collections of pictures as arrays of bytes: what is decided about them is told, and kept for new pictures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from engine.data.preparation.notes import Note
from engine.data.readers.images import Damaged, opened
from engine.data.readers.pixels import (
    Header,
    Mean,
    PictureFit,
    header_of,
    pixels,
    range_of,
    visible_brightness,
)
from engine.errors import InputError

SIDES = (8, 16, 24, 32, 48, 64, 96, 128)  # that pictures of mixed sizes are scaled to
LARGEST = 256  # pixels a side that are taken as they are
BRIGHT = 0.8  # what is drawn so brightly on nothing would vanish on white
MOST_BROKEN = 0.1  # of the files: more are a fault of the collection, not of some files
SAMPLE = 200  # pictures that a background is chosen by


class Choices(msgspec.Struct, frozen=True):
    """What the user decided about pictures, instead of leaving it to be judged."""

    colors: str = "auto"
    size: int = 0
    fit: str = "crop"
    background: str = "auto"


@dataclass
class Pictures:
    """x (R, H, W, C) bytes of the files that could be read, in their order; `kept` are their places among all."""

    x: np.ndarray
    kept: list[int]
    fit: PictureFit
    notes: list[Note] = field(default_factory=list)


def read_pictures(
    files: Sequence[Path],
    colors: str = "auto",
    size: int = 0,
    fit: Literal["crop", "pad", "stretch"] = "crop",
    background: Literal["auto", "white", "black"] = "auto",
) -> np.ndarray:
    """Pictures as bytes (R, H, W, C), C being 1 for grey and 3 for colors, turned upright, without transparency.

    Pictures of several sizes are scaled to one. Raises InputError for a file that is no whole picture.
    """
    found = load_pictures(files, Choices(colors, size, fit, background), most_broken=0)
    return found.x


def load_pictures(files: Sequence[Path], choices: Choices, most_broken: float = MOST_BROKEN) -> Pictures:
    """The pictures of a collection, with what was decided about them. Damaged files are left out with a note.

    Raises InputError where more than a fraction `most_broken` of the files is damaged.
    """
    broken: dict[Path, str] = {}
    headers: dict[Path, Header] = {}
    for file in files:
        try:
            with opened(file) as picture:
                headers[file] = header_of(picture)
        except Damaged as error:
            broken[file] = str(error)
    check_broken(broken, len(files), most_broken)
    fit, notes = decided(headers, choices, broken)
    shapes = {header.shape for header in headers.values()}
    shape = (fit.size, fit.size) if fit.size else next(iter(shapes))
    x, kept = decoded(files, fit, shape, broken)
    check_broken(broken, len(files), most_broken)
    return Pictures(x, kept, fit, [*notes, *told_broken(broken, len(files))])


def load_like(files: Sequence[Path], fit: PictureFit, shape: tuple[int, int]) -> Pictures:
    """New pictures (R, *shape, C), read as those of training were; damaged ones are left out with a note.

    Raises InputError where one has another size and those of training were not scaled, and where none can be read.
    """
    broken: dict[Path, str] = {}
    x, kept = decoded(files, fit, shape, broken)
    check_broken(broken, len(files), 1.0)
    return Pictures(x, kept, fit, told_broken(broken, len(files)))


def decoded(
    files: Sequence[Path], fit: PictureFit, shape: tuple[int, int], broken: dict[Path, str]
) -> tuple[np.ndarray, list[int]]:
    """The bytes (R, H, W, C) of the files that can be decoded and their places; adds the others to `broken`."""
    channels = 1 if fit.colors == "grey" else 3
    check_fits(len(files) - len(broken), (*shape, channels))
    rows = np.empty((len(files), *shape, channels), np.uint8)
    kept: list[int] = []
    for i, file in enumerate(files):
        if file in broken:
            continue
        try:
            with opened(file) as picture:
                values = pixels(picture, fit)
        except Damaged as error:
            broken[file] = str(error)
            continue
        if values.shape != rows.shape[1:]:
            raise InputError(
                f"{file}: is {values.shape[0]} × {values.shape[1]} pixels (height × width), the run was trained on "
                f"{shape[0]} × {shape[1]}; data.size scales all to one size"
            )
        rows[len(kept)] = values
        kept.append(i)
    return (rows if len(kept) == len(files) else rows[: len(kept)].copy()), kept


def decided(
    headers: dict[Path, Header], choices: Choices, broken: dict[Path, str]
) -> tuple[PictureFit, list[Note]]:
    """How the pictures are read, and what is told of it. Files that turn out to be damaged are added to `broken`."""
    notes: list[Note] = []
    count = len(headers)
    grey = sum(header.grey for header in headers.values())
    colors = choices.colors if choices.colors != "auto" else "grey" if grey == count else "rgb"
    if 0 < grey < count and choices.colors == "auto":
        notes.append(
            Note("", f"{grey:,} of {count:,} pictures are grey, the others have colors", "all are read as colors",
                 'data.colors = "grey" makes all grey')
        )  # fmt: skip
    turned = sum(header.turned for header in headers.values())
    if turned:
        notes.append(
            Note(
                "",
                f"{turned:,} of {count:,} pictures lie on their side or upside down",
                "turned as their EXIF data say",
            )
        )
    moving = sum(header.frames > 1 for header in headers.values())
    if moving:
        notes.append(
            Note("", f"{moving:,} of {count:,} pictures have several frames", "the first of each is read")
        )
    background = background_of(headers, choices, broken, notes)
    low, step = depth_of(headers, broken, notes)
    size = size_of(Counter(header.shape for header in headers.values()), choices, notes)
    return PictureFit(colors, size, choices.fit, background, low, step), notes


def background_of(
    headers: dict[Path, Header], choices: Choices, broken: dict[Path, str], notes: list[Note]
) -> str:
    """What transparent pictures are laid on: white, but black where what they show is nearly white itself."""
    clear = [file for file, header in headers.items() if header.transparent]
    if not clear:
        return "white" if choices.background == "auto" else choices.background
    mean = Mean()
    for file in clear[:SAMPLE]:
        try:
            with opened(file) as picture:
                visible_brightness(picture, mean)
        except Damaged as error:
            broken[file] = str(error)
    if choices.background != "auto":
        return choices.background
    bright = mean.value > BRIGHT
    if mean.transparent:
        other = "white" if bright else "black"
        notes.append(
            Note("", f"{len(clear):,} of {len(headers):,} pictures can be transparent",
                 f"laid on {'black: what they show is nearly white' if bright else 'white'}",
                 f'data.background = "{other}" lays them on {other}')
        )  # fmt: skip
    return "black" if bright else "white"


def depth_of(headers: dict[Path, Header], broken: dict[Path, str], notes: list[Note]) -> tuple[float, float]:
    """What becomes 0 of pictures of more than 8 bits, and how much of their range makes one of 255 steps."""
    deep = [file for file, header in headers.items() if header.deep]
    low, high, real = np.inf, -np.inf, False
    for file in deep:
        try:
            with opened(file) as picture:
                values = np.asarray(picture)
        except Damaged as error:
            broken[file] = str(error)
            continue
        finite = values[np.isfinite(values)]
        real = real or values.dtype.kind == "f"
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if not np.isfinite(low):
        return 0.0, 256.0
    start, step, words = range_of(low, high, real)
    notes.append(
        Note(
            "",
            f"{len(deep):,} of {len(headers):,} pictures have more than 8 bits a pixel",
            f"{words} become 0 to 255",
        )
    )
    return start, step


def size_of(shapes: Counter[tuple[int, int]], choices: Choices, notes: list[Note]) -> int:
    """The side that pictures are scaled to; 0: they are taken as they are."""
    crop = {
        "crop": "what is beyond the square about the center is cut off",
        "pad": "with a border where they are no squares",
        "stretch": "whatever their proportions",
    }[choices.fit]
    size = choices.size
    if len(shapes) == 1:
        height, width = next(iter(shapes))
        if size or max(height, width) <= LARGEST:
            return size
        size, what = SIDES[-1], f"pictures have {height:,} × {width:,} pixels (height × width)"
    else:
        if size:
            return size
        middle = float(np.median([min(shape) for shape in shapes.elements()]))
        size = max((side for side in SIDES if side <= middle), default=SIDES[0])
        small, large = min(shapes, key=np.prod), max(shapes, key=np.prod)
        what = (
            f"pictures have {len(shapes):,} sizes, from {small[0]:,} × {small[1]:,} to {large[0]:,} × {large[1]:,} "
            "pixels (height × width)"
        )
    other = {"crop": "pad", "pad": "stretch", "stretch": "crop"}[choices.fit]
    notes.append(
        Note(
            "",
            what,
            f"scaled to {size} × {size}, {crop}",
            f'data.size sets another size, data.fit = "{other}" another way',
        )
    )
    return size


def check_broken(broken: dict[Path, str], count: int, most: float) -> None:
    """Raise InputError where too many files are damaged to go on without them."""
    if broken and (len(broken) > most * count or len(broken) == count):
        file, reason = next(iter(broken.items()))
        more = f"; {len(broken):,} of {count:,} files are damaged" if len(broken) > 1 else ""
        raise InputError(f"{file}: {reason}{more}")


def told_broken(broken: dict[Path, str], count: int) -> list[Note]:
    if not broken:
        return []
    shown = "; ".join(f"{file.parent.name}/{file.name} {reason}" for file, reason in list(broken.items())[:3])
    shown += "; …" if len(broken) > 3 else ""
    return [Note("", f"{len(broken):,} of {count:,} files are damaged ({shown})", "left out")]


def check_fits(count: int, shape: tuple[int, ...]) -> None:
    """Raise InputError where so many pictures, as bytes and twice in float32, are too much for memory."""
    import psutil

    needed, free = count * int(np.prod(shape)) * (1 + 2 * 4), psutil.virtual_memory().available
    if needed > 0.9 * free:
        raise InputError(
            f"{count:,} pictures of {shape[0]} × {shape[1]} pixels need {needed / 2**30:.1f} GiB, "
            f"{free / 2**30:.1f} GiB are free; make data.size smaller"
        )
