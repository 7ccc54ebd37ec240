"""Pictures of every kind as bytes, with Pillow and its ImageOps as the oracle."""

import warnings

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from engine.data.preparation.pictures import Choices, load_like, load_pictures
from engine.data.readers.pixels import ORIENTATION, PictureFit
from engine.errors import InputError

RNG = np.random.default_rng(3)
NOISE = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)


def loaded(*files, **choices):
    return load_pictures(list(files), Choices(**choices))


def told(found) -> str:
    return "; ".join(map(str, found.notes))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
def test_each_orientation_of_exif_is_applied(tmp_path, orientation, ending):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    file = tmp_path / f"a.{ending}"
    Image.fromarray(NOISE).save(file, exif=exif)
    found = loaded(file)
    assert (found.x[0] == np.asarray(ImageOps.exif_transpose(Image.open(file)).convert("RGB"))).all()
    assert found.x.shape[1:3] == ((9, 6) if orientation > 4 else (6, 9))
    assert ("turned as their EXIF data say" in told(found)) == (orientation > 1)


def drawing(mode: str, color: int) -> Image.Image:
    """A square of one brightness on nothing."""
    picture = Image.new("LA", (8, 8), (0, 0))
    ImageDraw.Draw(picture).rectangle((2, 2, 5, 5), fill=(color, 255))
    if mode in ("P", "1", "L", "RGB"):
        paper = 90 if mode != "1" else 255 - color
        plain = Image.new("L", (8, 8), paper)
        plain.paste(picture.getchannel("L"), mask=picture.getchannel("A"))
        plain = plain.convert(mode)
        plain.info["transparency"] = {"RGB": (paper,) * 3, "P": plain.getpixel((0, 0))}.get(mode, paper)
        return plain
    return picture.convert(mode)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "L", "RGB"])
@pytest.mark.parametrize(("color", "paper"), [(0, 255), (255, 0), (60, 255)])
def test_transparency_is_laid_on_white_or_under_white_drawings_on_black(tmp_path, mode, color, paper):
    file = tmp_path / "a.png"
    picture = drawing(mode, color)
    extra = {"transparency": picture.info["transparency"]} if "transparency" in picture.info else {}
    picture.save(file, **extra)
    found = loaded(file, colors="grey")
    assert (found.x[0, 0, 0, 0], found.x[0, 3, 3, 0]) == (paper, color)
    assert "can be transparent; laid on" in told(found)
    assert loaded(file, colors="grey", background="black").x[0, 0, 0, 0] == 0
    assert (load_like([file], found.fit, (8, 8)).x == found.x).all()


def test_half_transparent_pixels_are_composed_as_pillow_does(tmp_path):
    file = tmp_path / "a.png"
    picture = Image.fromarray(RNG.integers(0, 256, (6, 9, 4), dtype=np.uint8))
    picture.save(file)
    white = Image.new("RGBA", picture.size, "white")
    expected = Image.alpha_composite(white, picture).convert("RGB")
    assert (loaded(file, background="white").x[0] == np.asarray(expected)).all()


def test_opaque_alpha_is_no_matter(tmp_path):
    file = tmp_path / "a.png"
    Image.fromarray(NOISE).convert("RGBA").save(file)
    found = loaded(file)
    assert (found.x[0] == NOISE).all()
    assert "transparent" not in told(found)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.png", "1"), ("a.png", "P"), ("a.bmp", "RGB"), ("a.bmp", "L"), ("a.webp", "RGB"), ("a.gif", "P"),
     ("a.jpg", "CMYK"),
     ("a.jpg", "L"), ("a.tif", "CMYK"), ("a.tif", "YCbCr"), ("a.ppm", "RGB"), ("a.JPEG", "RGB")],
)  # fmt: skip
def test_every_usual_kind_is_read_as_pillow_converts_it(tmp_path, name, mode):
    file = tmp_path / name
    Image.fromarray(NOISE).convert(mode).save(file)
    expected = np.asarray(Image.open(file).convert("RGB"))
    assert (loaded(file, colors="rgb").x[0] == expected).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 257, 65535]], np.uint16), [0, 1, 255]),
        (np.array([[0, 16, 4095]], np.uint16), [0, 1, 255]),
        (np.array([[0, 100, 255]], np.uint16), [0, 100, 255]),
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[-2, 0, 2]], np.float32), [0, 128, 255]),
        (np.array([[0, 2**20, 2**24 - 1]], np.int32), [0, 16, 255]),
    ],
    ids=["16 bits", "12 of 16", "8 of 16", "unit", "signed", "24 of 32"],
)
def test_deep_pictures_keep_their_range_and_new_ones_get_the_same(tmp_path, values, expected):
    file, dim = tmp_path / "a.tif", tmp_path / "dim.tif"
    Image.fromarray(values).save(file)
    found = loaded(file)
    assert found.x[0, 0, :, 0].tolist() == expected
    assert "more than 8 bits" in told(found)
    Image.fromarray(np.minimum(values, values[0, 1])).save(dim)  # alone it would be brighter
    assert (
        load_like([dim], found.fit, (1, 3)).x[0, 0, :, 0].tolist()
        == np.minimum(expected, expected[1]).tolist()
    )


def test_a_palette_of_greys_is_grey_and_one_of_colors_is_not(tmp_path):
    grey, color = tmp_path / "grey.png", tmp_path / "color.png"
    picture = Image.fromarray(NOISE[..., 0]).convert("P")
    picture.putpalette([v for v in range(256) for _ in range(3)])
    picture.save(grey)
    Image.fromarray(NOISE).convert("P").save(color)
    assert loaded(grey).x.shape == (1, 6, 9, 1)
    found = loaded(grey, color)
    assert found.x.shape == (2, 6, 9, 3)
    assert "1 of 2 pictures are grey, the others have colors; all are read as colors" in told(found)


def test_of_several_frames_the_first_is_read_and_told(tmp_path):
    frames = [Image.new("L", (4, 4), value) for value in (10, 200)]
    for ending in ("gif", "tif", "webp"):
        file = tmp_path / f"a.{ending}"
        frames[0].save(
            file, save_all=True, append_images=frames[1:], **({"lossless": True} if ending == "webp" else {})
        )
        found = loaded(file, colors="grey")
        assert found.x[0, 0, 0, 0] == 10
        assert "1 of 1 pictures have several frames; the first of each is read" in told(found)


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ("crop", lambda p: ImageOps.fit(p, (8, 8))),
        ("pad", lambda p: ImageOps.pad(p, (8, 8), color="white")),
        ("stretch", lambda p: p.resize((8, 8), Image.Resampling.BICUBIC)),
    ],
)
def test_squares_are_made_by_cutting_by_a_border_or_by_distortion(tmp_path, fit, expected):
    file, other = tmp_path / "a.png", tmp_path / "b.png"
    picture = Image.fromarray(RNG.integers(0, 256, (12, 30, 3), dtype=np.uint8))
    picture.save(file)
    picture.resize((10, 10)).save(other)
    found = loaded(file, other, fit=fit)
    assert found.fit.size == 8
    assert (found.x[0] == np.asarray(expected(picture))).all()
    assert "data.size sets another size" in told(found)


def test_large_pictures_of_one_size_are_scaled_too(tmp_path):
    file = tmp_path / "a.png"
    Image.new("L", (300, 20)).save(file)
    found = loaded(file)
    assert found.x.shape == (1, 128, 128, 1)
    assert "pictures have 20 × 300 pixels" in told(found)


def test_an_empty_file_and_one_too_large_to_be_true_are_damaged(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match="a.png: is empty"):
        loaded(tmp_path / "a.png")
    Image.new("L", (60, 60)).save(tmp_path / "b.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match="b.png: .*exceeds limit"):
        loaded(tmp_path / "b.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert loaded(tmp_path / "b.png").x.shape == (1, 60, 60, 1)


def test_damaged_new_pictures_are_left_out_and_a_single_one_is_an_error(tmp_path):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    Image.new("L", (4, 4)).save(good)
    bad.write_bytes(b"nothing")
    found = load_like([bad, good], PictureFit(colors="grey"), (4, 4))
    assert found.kept == [1]
    assert "1 of 2 files are damaged" in told(found)
    with pytest.raises(InputError, match="bad.png: is not a picture"):
        load_like([bad], PictureFit(colors="grey"), (4, 4))
