"""Images as data: Fashion-MNIST, IDX files and folders of pictures, and what is said of bad ones."""

import gzip
import lzma
import sys

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from engine.component import build
from engine.data import Pipeline, Source, input_names, prepare, read_inputs, source_for
from engine.data.sources import fashion as fashion_module
from engine.data.sources.idx import read_idx
from engine.errors import InputError

RNG = np.random.default_rng(0)


def source(kind: str, **fields) -> Source:
    return build(Source, {"source": kind, **fields}, "data")


def idx_bytes(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def labels_of(count: int, classes: int = 3) -> np.ndarray:
    return (np.arange(count) % classes).astype(np.uint8)


def images_of(count: int, height: int = 5, width: int = 4) -> np.ndarray:
    return RNG.integers(0, 256, (count, height, width), dtype=np.uint8)


@pytest.fixture
def idx(tmp_path):
    """Names of four IDX files: 30 rows and 9 that are only tested on."""
    paths = {}
    for part, count in (("", 30), ("test_", 9)):
        for kind, array in (("images", images_of(count)), ("labels", labels_of(count))):
            path = tmp_path / f"{part}{kind}-ubyte"
            path.write_bytes(idx_bytes(array))
            paths[part + kind] = str(path)
    return paths


# -- Fashion-MNIST ------------------------------------------------------------------------------------------


def test_bundled_fashion_is_balanced_and_its_test_rows_stay_whatever_the_split():
    default = prepare(source("fashion-mnist"), 1)
    other = prepare(source("fashion-mnist", split={"train": 0.9, "val": 0.1, "test": 0.0}), 2)
    assert default.input_shape == (28, 28, 1)
    assert default.train.x.dtype == np.float32
    assert default.classes[0] == "T-shirt"
    assert (len(other.train), len(other.val), len(other.test)) == (5400, 600, 1000)
    assert len(default.train) + len(default.val) == 6000
    assert (default.test.x == other.test.x).all()
    for part in (other.train, other.val, other.test):
        counts = np.bincount(part.y[:, 0].astype(int), minlength=10)
        assert counts.max() - counts.min() <= 1


@pytest.mark.skipif(not fashion_module.INSTALLED.is_dir(), reason="the Debian package is not installed")
def test_the_bundled_part_is_the_first_of_each_class_of_the_published_set():
    images, labels = fashion_module.installed("train")
    bundled = source("fashion-mnist").load(np.random.default_rng(0))
    for c in range(10):
        mine = bundled.x[:6000][bundled.y[:6000, 0] == c, ..., 0]
        assert (mine == images[labels == c][:600]).all()


def test_the_full_set_wants_the_package_by_its_name(monkeypatch, tmp_path):
    monkeypatch.setattr(fashion_module, "INSTALLED", tmp_path / "nowhere")
    with pytest.raises(InputError, match="install the Debian package dataset-fashion-mnist"):
        prepare(source("fashion-mnist", samples="full"), 1)


def test_bytes_are_filtered_and_scaled_as_the_numbers_that_they_are():
    filters = [{"step": "gaussian_filter", "sigma": 0.7}, {"step": "median_filter"}]
    dataset = prepare(
        source("fashion-mnist", preprocess=[*filters, {"step": "standardize", "whole": True}]), 1
    )
    raw = source("fashion-mnist").load(np.random.default_rng(0)).x[6000:].astype(np.float64)
    blurred = ndimage.gaussian_filter(raw, (0, 0.7, 0.7, 0), mode="nearest")
    clean = ndimage.median_filter(blurred, (1, 3, 3, 1), mode="nearest")
    mine = dataset.test.x
    assert np.corrcoef(mine.ravel(), clean.ravel())[0, 1] > 1 - 1e-9
    assert abs(dataset.train.x.mean()) < 1e-4
    assert dataset.train.x.std() == pytest.approx(1, abs=1e-4)


# -- splits -------------------------------------------------------------------------------------------------


def test_what_is_left_over_of_the_rows_beside_a_fixed_part_is_not_used(idx):
    quarter = prepare(source("idx", **idx, split={"train": 0.5, "val": 0.3, "test": 0.0}), 1)
    assert (len(quarter.train), len(quarter.val), len(quarter.test)) == (15, 9, 9)
    share_of_rest = prepare(source("idx", **idx, split={"train": 0.4, "val": 0.4, "test": 0.2}), 1)
    assert (len(share_of_rest.train), len(share_of_rest.val), len(share_of_rest.test)) == (15, 15, 9)


# -- IDX ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "pack"), [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)])
def test_idx_files_are_read_plain_and_packed(tmp_path, ending, pack):
    array = images_of(3)
    path = tmp_path / f"a-ubyte{ending}"
    path.write_bytes(pack(idx_bytes(array)))
    assert (read_idx(str(path)) == array).all()


def test_idx_images_become_rows_with_a_channel_and_classes(idx):
    dataset = prepare(source("idx", images=idx["images"], labels=idx["labels"]), 1)
    assert dataset.input_shape == (5, 4, 1)
    assert dataset.classes == ("0", "1", "2")
    assert len(dataset.train) == 21


def test_the_usual_names_tell_where_the_labels_are(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(images_of(30)))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels_of(30)))
    found = source_for(str(tmp_path / "train-images-idx3-ubyte"))
    assert prepare(found, 1).input_shape == (5, 4, 1)


WHOLE = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
BAD_IDX = {
    "empty": (b"", "is not an IDX file"),
    "text": (b"label,pixel\n1,2\n", "is not an IDX file"),
    "cut in the header": (WHOLE[:9], "is not an IDX file"),
    "cut in the values": (WHOLE[:-5], "is cut short: it promises 2 × 3 × 4 values and holds 19"),
    "too long": (WHOLE + b"abc", "is too long"),
    "of other values": (WHOLE[:2] + b"\x0d" + WHOLE[3:], "type 13, expected bytes"),
}


@pytest.mark.parametrize("name", BAD_IDX)
def test_a_bad_idx_file_is_answered_with_one_clear_line(tmp_path, name):
    content, message = BAD_IDX[name]
    path = tmp_path / "bad-ubyte"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_idx(str(path))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_packed_idx_files_cut_short_are_told(tmp_path):
    for ending, pack in ((".gz", gzip.compress), (".xz", lzma.compress)):
        path = tmp_path / f"a-ubyte{ending}"
        path.write_bytes(pack(idx_bytes(images_of(30)))[:-20])
        with pytest.raises(InputError, match="cut short or damaged"):
            read_idx(str(path))
        path.write_bytes(b"not packed at all")
        with pytest.raises(InputError, match="cut short or damaged"):
            read_idx(str(path))


def test_idx_files_that_do_not_belong_together_are_told(tmp_path, idx):
    with pytest.raises(InputError, match="has 30 images, .* has 9 labels"):
        prepare(source("idx", images=idx["images"], labels=idx["test_labels"]), 1)
    with pytest.raises(InputError, match=r"shape \(30,\), expected images"):
        prepare(source("idx", images=idx["labels"], labels=idx["labels"]), 1)
    with pytest.raises(InputError, match="expected a label a row"):
        prepare(source("idx", images=idx["images"], labels=idx["images"]), 1)
    other = tmp_path / "other-ubyte"
    other.write_bytes(idx_bytes(images_of(9, 6, 6)))
    with pytest.raises(InputError, match="images are 6 × 6, those of .* are 5 × 4"):
        prepare(source("idx", **idx | {"test_images": str(other)}), 1)
    with pytest.raises(InputError, match="given together"):
        source("idx", images="a", labels="b", test_images="c")
    with pytest.raises(InputError, match="there is no such file"):
        prepare(source("idx", images="nowhere", labels="nowhere"), 1)


# -- pictures -----------------------------------------------------------------------------------------------


def draw(path, size=(6, 5), color=None, mode="L") -> None:
    """A picture (width, height) of one color, or of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    values = RNG.integers(0, 256, (size[1], size[0], *channels), dtype=np.uint8)
    Image.fromarray(values if color is None else np.full_like(values, color)).save(path)


@pytest.fixture
def photos(tmp_path):
    for kind in ("cat", "dog"):
        for i in range(12):
            draw(tmp_path / "photos" / kind / f"{i}.png", color=200 if kind == "cat" else 50)
    (tmp_path / "photos" / "cat" / "notes.txt").write_text("no picture")
    (tmp_path / "photos" / ".hidden").mkdir()
    return tmp_path / "photos"


def test_a_folder_of_pictures_gives_rows_whose_class_is_their_folder(photos):
    dataset = prepare(source_for(str(photos)), 1)
    assert dataset.classes == ("cat", "dog")
    assert dataset.input_shape == (5, 6, 1)
    assert (dataset.train.x[:, 0, 0, 0] == np.where(dataset.train.y[:, 0] == 0, 200, 50)).all()


def test_one_color_picture_makes_all_rows_colors_unless_told_otherwise(photos):
    draw(photos / "dog" / "z.png", mode="RGB")
    assert prepare(source("images", path=str(photos)), 1).input_shape == (5, 6, 3)
    assert prepare(source("images", path=str(photos), colors="grey"), 1).input_shape == (5, 6, 1)


def test_pictures_of_16_bits_keep_their_upper_ones(photos):
    deep = np.full((5, 6), 200 * 256 + 17, np.uint16)
    for path in (photos / "cat").glob("*.png"):
        Image.fromarray(deep).save(path)
    dataset = prepare(source("images", path=str(photos)), 1)
    assert set(np.unique(dataset.train.x)) == {50, 200}


def test_nested_folders_are_the_parts_and_what_is_missing_comes_from_train(tmp_path):
    for part, count in (("train", 20), ("test", 4)):
        for kind in ("cat", "dog"):
            for i in range(count):
                draw(tmp_path / part / kind / f"{i}.png", color=9 if part == "test" else 99)
    dataset = prepare(source("images", path=str(tmp_path)), 1)
    assert (len(dataset.train) + len(dataset.val), len(dataset.test)) == (40, 8)
    assert len(dataset.val) == 7
    assert (dataset.test.x == 9).all()
    assert (dataset.val.x == 99).all()


def test_pictures_of_mixed_sizes_are_scaled_to_one_and_the_note_says_which(photos):
    draw(photos / "dog" / "big.png", size=(12, 20))
    dataset = prepare(source("images", path=str(photos)), 1)
    assert dataset.input_shape == (8, 8, 1)
    told = "; ".join(map(str, dataset.notes))
    assert "2 sizes, from 5 × 6 to 20 × 12 pixels (height × width); scaled to 8 × 8" in told
    assert prepare(source("images", path=str(photos), size=9), 1).input_shape == (9, 9, 1)


@pytest.mark.parametrize(
    ("content", "message"), [(b"not a picture", "is not a picture"), (None, "cannot be read, or is damaged")]
)
def test_a_damaged_file_is_left_out_with_its_name_and_many_are_refused(photos, content, message):
    for i in range(3):
        bad = photos / "dog" / f"bad{i}.png"
        draw(bad, size=(60, 50), color=None)
        bad.write_bytes(content or bad.read_bytes()[:400])
        if i == 0:
            dataset = prepare(source("images", path=str(photos), size=6), 1)
            assert len(dataset.train) + len(dataset.val) + len(dataset.test) == 24
            assert f"1 of 25 files are damaged (dog/bad0.png {message}" in str(dataset.notes[-1])
    with pytest.raises(InputError, match=f"bad0.png: {message}.*; 3 of 27 files are damaged"):
        prepare(source("images", path=str(photos)), 1)


def test_folders_without_classes_are_told(tmp_path):
    with pytest.raises(InputError, match="there is no such folder"):
        prepare(source("images", path=str(tmp_path / "nowhere")), 1)
    draw(tmp_path / "only" / "1.png")
    with pytest.raises(
        InputError, match="expected two or more folders of pictures.*; found 1: 'only' .1 picture"
    ):
        prepare(source("images", path=str(tmp_path)), 1)


def test_more_pictures_than_memory_holds_are_refused_before_they_are_read(photos, monkeypatch):
    class Little:
        available = 1000

    monkeypatch.setattr("psutil.virtual_memory", Little)
    with pytest.raises(InputError, match="24 pictures of 5 × 6 pixels need .*make data.size smaller"):
        prepare(source("images", path=str(photos)), 1)


def test_without_pillow_the_extra_is_named(photos, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(InputError, match=r"pip install 'tui-lab\[images\]'"):
        prepare(source("images", path=str(photos)), 1)


# -- new pictures for a trained run -------------------------------------------------------------------------


def read(path, dataset):
    pipeline = Pipeline.from_json(dataset.pipeline.to_json())
    return read_inputs(str(path), pipeline, dataset.input_shape, "float32")


def test_new_pictures_are_treated_like_those_of_training(photos):
    dataset = prepare(
        source("images", path=str(photos), preprocess=[{"step": "standardize", "whole": True}]), 1
    )
    assert (
        read(photos / "cat" / "0.png", dataset)[0] == dataset.train.x[dataset.train.y[:, 0] == 0][0]
    ).all()
    assert len(read(photos / "dog", dataset)) == len(input_names(str(photos / "dog"))) == 12
    assert input_names(str(photos / "dog" / "3.png")) == ["3.png"]


def test_new_pictures_are_scaled_where_those_of_training_were(photos, tmp_path):
    draw(tmp_path / "new.png", size=(30, 20))
    scaled = prepare(source("images", path=str(photos), size=4), 1)
    assert read(tmp_path / "new.png", scaled).shape == (1, 4, 4, 1)
    with pytest.raises(InputError, match=r"new.png: is 20 × 30 pixels .*trained on 5 × 6"):
        read(tmp_path / "new.png", prepare(source("images", path=str(photos)), 1))


def test_a_picture_for_digits_is_as_bright_as_they_are(tmp_path):
    draw(tmp_path / "white.png", size=(8, 8), color=255)
    assert (read(tmp_path / "white.png", prepare(source("digits"), 1)) == 16).all()


def test_new_images_may_come_as_an_idx_file(idx):
    dataset = prepare(source("idx", images=idx["images"], labels=idx["labels"]), 1)
    assert (read(idx["test_images"], dataset)[..., 0] == read_idx(idx["test_images"])).all()


def test_pictures_for_a_run_on_a_table_and_folders_without_pictures_are_told(photos, tmp_path):
    with pytest.raises(InputError, match="not trained on pictures"):
        read(photos / "cat" / "0.png", prepare(source("iris"), 1))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        read(tmp_path / "empty", prepare(source("digits"), 1))
