"""Folders of pictures as people have them: wrapped, nested, in parts, with labels beside, with leftovers."""

import numpy as np
import pytest
from PIL import Image

from engine.component import build
from engine.data import Pipeline, Source, new_rows, prepare
from engine.data.sources.layouts import part_of
from engine.errors import InputError


def draw(root, *names, count=6, ending="png"):
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            Image.new("L", (4, 4), 10 * i + len(name)).save(root / name / f"{i}.{ending}")


def dataset_of(root, **fields):
    return prepare(build(Source, {"source": "images", "path": str(root), **fields}, "data"), 1)


def told(dataset) -> str:
    return "; ".join(map(str, dataset.notes))


def rows(dataset) -> tuple[int, int, int]:
    return len(dataset.train), len(dataset.val), len(dataset.test)


@pytest.mark.parametrize(
    ("name", "part"),
    [("Train", "train"), ("training_set", "train"), ("seg_train", "train"), ("TrainImages", "train"),
     ("train2017", "train"),
     ("valid", "val"), ("validation", "val"), ("dev-set", "val"), ("testing", "test"), ("TEST", "test"),
     ("trainset", "train"),
     ("trainer", None), ("images", None), ("train_test", None), ("cat", None)],
)  # fmt: skip
def test_a_part_is_known_by_its_usual_names(name, part):
    assert part_of(name) == part


@pytest.mark.parametrize("names", [("train", "validation"), ("Training", "dev"), ("training_set", "valid")])
def test_parts_with_usual_names_are_parts(tmp_path, names):
    for part in names:
        draw(tmp_path, f"{part}/cat", f"{part}/dog", count=10)
    dataset = dataset_of(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert len(dataset.val) == 20
    assert f"{names[1]}/ is val" in told(dataset)


def test_folders_around_the_classes_or_around_those_of_a_part_are_passed_through(tmp_path):
    draw(tmp_path / "a", "data/set/cat", "data/set/dog")
    (tmp_path / "a" / "README.txt").write_text("about")
    dataset = dataset_of(tmp_path / "a")
    assert dataset.classes == ("cat", "dog")
    assert "the classes are the folders in set/" in told(dataset)
    assert "left out 1 file: 1 .txt" in told(dataset)
    draw(
        tmp_path / "b",
        *(f"seg_{p}/seg_{p}/{c}" for p in ("train", "test") for c in ("cat", "dog")),
        "seg_pred",
    )
    dataset = dataset_of(tmp_path / "b")
    assert len(dataset.test) == 12
    assert "seg_pred/ (6 pictures) is no part of the rows; left out" in told(dataset)


def test_pictures_in_deeper_folders_belong_to_the_outer_class(tmp_path):
    draw(tmp_path, "cat/a", "cat/b/c", "dog")
    dataset = dataset_of(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert sum(rows(dataset)) == 18
    assert "their pictures belong to the outer one, 'cat'" in told(dataset)


def test_what_is_left_out_is_counted_by_kind_and_what_systems_leave_behind_is_not(tmp_path):
    draw(tmp_path, "cat", "dog", "__MACOSX/cat", ".hidden")
    for name in (
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "._0.png",
        "a.heic",
        "b.HEIC",
        "c.svg",
        "notes.txt",
    ):
        (tmp_path / "cat" / name).write_bytes(b"x")
    draw(tmp_path, "empty", count=0)
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "a.txt").write_text("x")
    dataset = dataset_of(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert "left out 5 files: 2 .heic, 2 .txt, 1 .svg (.heic, .svg can be converted" in told(dataset)
    assert "1 folder without pictures: 'words'; no class" in told(dataset)


def test_endings_in_capitals_and_pictures_without_one_are_read(tmp_path):
    draw(tmp_path, "cat", ending="PNG")
    draw(tmp_path, "dog", ending="JPG")
    (tmp_path / "dog" / "0.JPG").rename(tmp_path / "dog" / "plain")
    assert sum(rows(dataset_of(tmp_path))) == 12


def test_links_are_followed_but_not_in_circles(tmp_path):
    draw(tmp_path, "real/cat", "data/dog")
    (tmp_path / "data" / "cat").symlink_to(tmp_path / "real" / "cat")
    (tmp_path / "data" / "dog" / "back").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "dog" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    dataset = dataset_of(tmp_path / "data")
    assert sum(rows(dataset)) == 12


def test_classes_that_differ_only_in_spelling_are_one(tmp_path):
    draw(tmp_path, "train/Cat", "train/dog", "test/cat", "test/dog")
    dataset = dataset_of(tmp_path)
    assert dataset.classes == ("Cat", "dog")
    assert "'Cat' and 'cat' differ only in spelling; one class" in told(dataset)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("train/cat", "train/dog", "test/cat", "test/emu"),
            r"only test/ has the class 'emu' \(6 pictures\)",
        ),
        (
            ("val/cat", "val/dog", "test/cat", "test/dog"),
            "no folder with classes is called train; found test/, val/",
        ),
        (
            ("train/cat", "train/dog", "val/cat", "val/dog", "dev/cat", "dev/dog"),
            "both dev/ and val/ hold val rows",
        ),
        (
            ("cat", "dog", "test/cat", "test/dog"),
            "no folder with classes is called train; found cat/, dog/, test/",
        ),
        (("cat",), r"found 1: 'cat' \(6 pictures\)"),
        ((".",), "6 pictures in no folder of a class; move those of each class into a folder .* labels.csv"),
        (("train", "test"), "train/ has no such folders in it|test/ has no such folders in it"),
    ],
)
def test_folders_that_tell_no_classes_are_answered_with_what_was_found_and_the_remedy(
    tmp_path, names, message
):
    draw(tmp_path, *names)
    with pytest.raises(InputError, match=message) as caught:
        dataset_of(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_with_pictures_of_other_kinds_alone_names_them(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.heic").write_bytes(b"x")
    with pytest.raises(InputError, match=r"holds no pictures .*1 other file: 1 .heic; convert .heic"):
        dataset_of(tmp_path)


@pytest.mark.parametrize("form", ["name", "stem", "path", "backslashes"])
def test_a_table_beside_flat_pictures_gives_their_labels(tmp_path, form):
    draw(tmp_path, "images", count=24)
    cells = {"name": "{}.png", "stem": "{}", "path": "images/{}.png", "backslashes": ".\\images\\{}.png"}[
        form
    ]
    lines = [f"{cells.format(i)},{'even' if i % 2 == 0 else 'odd'}" for i in range(24)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *lines[:-1], f"{cells.format(99)},odd"]))
    dataset = dataset_of(tmp_path)
    assert dataset.classes == ("even", "odd")
    assert rows(dataset) == (16, 3, 3)
    assert "is the label of the pictures that 'file' names, in labels.csv" in told(dataset)
    assert "1 row of 24 name no picture that is there; left out" in told(dataset)
    assert "1 picture of 24 without a label; left out" in told(dataset)
    values = dataset.train.x[:, 0, 0, 0]  # 10 · i + 6
    assert ((values - 6) // 10 % 2 == dataset.train.y[:, 0]).all()


def test_labels_may_be_quantities_and_may_say_the_parts(tmp_path):
    draw(tmp_path, ".", count=25)
    lines = [f"{i}.png,{i * 1.5},{['train', 'valid', 'test'][min(i // 8, 2)]}" for i in range(25)]
    (tmp_path / "ages.csv").write_text("\n".join(["photo,age,split", *lines]))
    dataset = dataset_of(tmp_path)
    assert dataset.targets == ("age",)
    assert rows(dataset) == (8, 8, 9)
    assert dataset.train.y[:, 0].tolist() == [1.5 * i for i in range(8)]


def test_a_table_per_part_says_the_parts(tmp_path):
    for part, count in (("train", 12), ("test", 6)):
        draw(tmp_path, f"{part}", count=0)
        for i in range(count):
            Image.new("L", (4, 4), i).save(tmp_path / part / f"{part}{i}.png")
        lines = [f"{part}{i}.png,{'ab'[i % 2]}" for i in range(count)]
        (tmp_path / f"{part}.csv").write_text("\n".join(["id,kind", *lines]))
    dataset = dataset_of(tmp_path)
    assert len(dataset.test) == 6
    assert dataset.classes == ("a", "b")


def test_two_labels_for_one_picture_and_an_unclear_column_are_told(tmp_path):
    draw(tmp_path, ".", count=12)
    lines = [f"{i}.png,{'ab'[i % 2]},{'xyz'[i % 3]}" for i in range(12)]
    table = tmp_path / "list.csv"
    table.write_text("\n".join(["file,color,shape", *lines]))
    with pytest.raises(InputError, match="which column is the label. Its columns are file, color, shape"):
        dataset_of(tmp_path)
    assert dataset_of(tmp_path, target="shape").classes == ("x", "y", "z")
    table.write_text(table.read_text() + "\n3.png,a,x\n")
    with pytest.raises(InputError, match="3.png has two labels"):
        dataset_of(tmp_path, target="color")


def test_new_pictures_of_a_folder_are_read_as_those_of_training_whatever_their_kind(tmp_path):
    for i in range(12):
        for kind, color in (("dark", 0), ("light", 120)):
            (tmp_path / "train" / kind).mkdir(parents=True, exist_ok=True)
            picture = Image.new("LA", (6 + i, 9), (color, 0))
            picture.paste((color, 255), (1, 1, 4, 4))
            picture.save(tmp_path / "train" / kind / f"{i}.png")
    dataset = dataset_of(tmp_path / "train")
    pipeline = Pipeline.from_json(dataset.pipeline.to_json())
    found = new_rows(str(tmp_path / "train"), pipeline, dataset.input_shape, "float64")
    assert found.names[:2] == ["dark/0.png", "dark/1.png"]
    assert len(found.x) == 24
    every = {row.tobytes() for row in found.x}
    assert {row.tobytes() for row in np.asarray(dataset.train.x, np.float64)} <= every
