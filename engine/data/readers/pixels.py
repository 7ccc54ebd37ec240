"""Pixels: one picture of any of Pillow's modes as bytes, upright and without transparency."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

COLORLESS = ("1", "L", "LA", "La", "F")  # Pillow's modes, besides those that begin with I
ORIENTATION = 0x0112  # EXIF's tag; 1: upright
SIDEWAYS = (5, 6, 7, 8)
BITS = (8, 10, 12, 14, 16, 24, 32)  # that cameras and microscopes use of their pixels


class PictureFit(msgspec.Struct, frozen=True):
    """How pictures become bytes, as it was decided for those of training; plain enough to be kept as JSON."""

    colors: str = "rgb"  # or "grey"
    size: int = 0  # the side that they are scaled to; 0: they are not
    fit: str = "crop"  # how they become squares
    background: str = "white"  # of those that are transparent
    low: float = 0.0  # of pixels of more than 8 bits: what becomes 0
    step: float = 256.0  # and how much of it makes one of 255 steps


@dataclass(frozen=True)
class Header:
    """What can be told of a picture before it is decoded."""

    shape: tuple[int, int]  # height, width, once it is upright
    grey: bool
    turned: bool
    transparent: bool
    deep: bool
    frames: int


def header_of(picture: Any) -> Header:
    """The header of an open picture. Of a PNG only EXIF data before its pixels count: others would decode it."""
    exif = picture.getexif() if picture.format != "PNG" or "exif" in picture.info else {}
    orientation = exif.get(ORIENTATION, 1)
    width, height = picture.size
    if picture.format == "TIFF":  # whose size is that of the upright picture in newer versions of Pillow
        width, height = picture.tag_v2[256], picture.tag_v2[257]
    return Header(
        (width, height) if orientation in SIDEWAYS else (height, width),
        is_grey(picture), orientation in range(2, 9), is_transparent(picture), is_deep(picture.mode),
        getattr(picture, "n_frames", 1),
    )  # fmt: skip


def is_deep(mode: str) -> bool:
    """Whether pixels have more than 8 bits."""
    return mode == "F" or mode.startswith("I")


def is_grey(picture: Any) -> bool:
    """Whether a picture has no colors: by its mode, or because its palette has none."""
    if picture.mode in ("P", "PA"):
        palette = np.array(picture.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return picture.mode in COLORLESS or picture.mode.startswith("I")


def is_transparent(picture: Any) -> bool:
    return bool(picture.has_transparency_data)


def pixels(picture: Any, fit: PictureFit) -> np.ndarray:
    """The bytes (H, W, C) of an open picture: turned as its EXIF data say, laid on the background, scaled."""
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(picture)
    if is_deep(picture.mode):
        picture = of_eight_bits(picture, fit)
    picture = on_background(picture, fit.background).convert("L" if fit.colors == "grey" else "RGB")
    square = (fit.size, fit.size)
    if fit.size and fit.fit == "stretch":
        picture = picture.resize(square, Image.Resampling.BICUBIC)
    elif fit.size and fit.fit == "pad":
        picture = ImageOps.pad(picture, square, color=fit.background)
    elif fit.size:
        picture = ImageOps.fit(picture, square)
    values = np.asarray(picture, np.uint8)
    return values[..., None] if values.ndim == 2 else values


def of_eight_bits(picture: Any, fit: PictureFit) -> Any:
    """A grey picture of 8 bits: Pillow's own conversion would cut off what is above 255."""
    from PIL import Image

    values = np.nan_to_num(np.asarray(picture).astype(np.float64), nan=fit.low)
    scaled = (values - fit.low) / fit.step
    rounded = np.rint(scaled) if picture.mode == "F" else np.floor(scaled)
    result = Image.fromarray(rounded.clip(0, 255).astype(np.uint8))
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        result.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return result


def on_background(picture: Any, background: str) -> Any:
    """A picture without transparency."""
    from PIL import Image

    if not is_transparent(picture):
        return picture
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, background), picture)


@dataclass
class Mean:
    """The brightness (0 to 1) of what is visible in pictures, and whether anything is not."""

    total: float = 0.0
    weight: float = 0.0
    transparent: bool = False

    @property
    def value(self) -> float:
        return self.total / self.weight if self.weight else 0.0


def visible_brightness(picture: Any, mean: Mean) -> None:
    """Add the pixels of a picture, each as it is visible, to a mean; opaque pictures add nothing."""
    if is_deep(picture.mode):
        return
    picture = picture.convert("RGBA")
    alpha = np.asarray(picture.getchannel("A"), np.float64) / 255
    if (alpha == 1).all():
        return
    grey = np.asarray(picture.convert("RGB").convert("L"), np.float64) / 255
    mean.total += float((grey * alpha).sum())
    mean.weight += float(alpha.sum())
    mean.transparent = True


def range_of(low: float, high: float, real: bool) -> tuple[float, float, str]:
    """What becomes 0, how much makes one step, and how a note tells the range of values from low to high.

    Whole numbers are taken to fill as many bits as they need: of 12 bits in 16 nothing is lost.
    """
    if real:
        if low >= 0 and high <= 1:
            return 0.0, 1 / 255, "values from 0 to 1"
        if low >= 0 and high <= 255:
            return 0.0, 1.0, "values from 0 to 255"
        return low, (high - low) / 255 or 1.0, f"values from {low:g} to {high:g}"
    if low < 0:
        return low, (high - low + 1) / 256, f"values from {low:g} to {high:g}"
    bits = next((bits for bits in BITS if high < 2**bits), 32)
    return 0.0, 2.0**bits / 256, f"their {bits} bits (values up to {high:,.0f})"
