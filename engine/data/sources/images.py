"""Pictures of the user's: folders of classes, folders of parts, or a table of labels beside them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from engine.data.preparation.notes import Note
from engine.data.preparation.pictures import Choices, load_like, load_pictures
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.split import Parts
from engine.data.preparation.target import Target, notes_on_classes
from engine.data.readers.folders import Folder, counted, plural, read_folder
from engine.data.readers.images import ENDINGS
from engine.data.readers.pixels import PictureFit
from engine.data.sources.base import NewRows, Source
from engine.data.sources.idx import WHITE, as_bright, check_white
from engine.data.sources.layouts import flat_parts, layout_of, tell_others, unwrapped
from engine.data.sources.picture_labels import labels_of
from engine.data.sources.rows import Raw, RowSource
from engine.errors import InputError, listed
from engine.hyper import hyper
from engine.tasks import Classification, Regression


class Images(RowSource, tag="images", kw_only=True):
    """A folder of images (PNG, JPEG, WebP, BMP, GIF or TIFF) with a subfolder for each class.

    Subfolders called train, val and test (or training, validation, dev, testing, …) hold the classes of each part; if
    val or test is missing, `split` takes it from train. Instead of subfolders a CSV file beside the images may name
    files and labels.
    """

    path: Annotated[str, hyper("path of the folder")]
    size: Annotated[
        int,
        hyper(
            "resize to squares of this size; 0: keep the size, or choose one if sizes differ or are large",
            ge=0, le=1024, unit="pixels",
        ),
    ] = 0  # fmt: skip
    fit: Annotated[
        Literal["crop", "pad", "stretch"],
        hyper("how images become squares: cropped, padded or distorted"),
    ] = "crop"
    colors: Annotated[Literal["auto", "grey", "rgb"], hyper("auto: grayscale if no image has colors")] = (
        "auto"
    )
    background: Annotated[
        Literal["auto", "white", "black"],
        hyper("color behind transparent images; auto: white, or black if they are nearly white"),
    ] = "auto"
    labels: Annotated[
        str,
        hyper("table of file names and labels; if empty, folders are classes"),
    ] = ""
    target: Annotated[
        str | int, hyper("label column, by name or by number from 1; if empty, recognized by its name")
    ] = ""
    task: Annotated[
        Literal["auto", "classification", "regression"], hyper("auto: inferred from the labels")
    ] = "auto"
    former_fields = {"colours": "colors"}

    @classmethod
    def opens(cls, path: str) -> bool:
        return Path(path).is_dir() or path.lower().endswith(ENDINGS)

    @classmethod
    def of_path(cls, path: str, **fields: Any) -> "Source":
        if not Path(path).is_dir():
            raise InputError(
                f"{path}: is one picture; expected a folder with a folder of pictures for each class"
            )
        return cls(path=path, **fields)

    @classmethod
    def new_rows(cls, path: str, fitted: Pipeline, input_shape: tuple[int, ...]) -> NewRows:
        """A picture, or those of a folder in the order of their names, those of its folders after them."""
        check_white(path, fitted)
        files, notes = new_files(path)
        fit = msgspec.structs.replace(
            fitted.pictures or PictureFit(), colors="grey" if input_shape[-1] == 1 else "rgb"
        )
        found = load_like(files, fit, (input_shape[0], input_shape[1]))
        names = [name_in(path, files[i]) for i in found.kept]
        return NewRows(as_bright(path, found.x, fitted, input_shape), names, notes=[*notes, *found.notes])

    @property
    def where(self) -> str:
        return self.path

    def load(self, rng: np.random.Generator) -> Raw:
        root = read_folder(Path(self.path))
        files, goal, name, parts, notes = self.labelled(root)
        choices = Choices(self.colors, self.size, self.fit, self.background)
        pictures = load_pictures(files, choices)
        kept = np.array(pictures.kept)
        y, parts = goal.y[kept], parts_of_kept(parts, kept, len(files))
        notes = [*notes, *pictures.notes]
        if goal.classes:
            check_learnt(self.path, y, goal.classes, parts)
            notes += notes_on_classes(name, y[:, 0], goal.classes)
        return Raw(
            Classification() if goal.classes else Regression(), pictures.x, y, goal.classes, targets=(name,),
            parts=parts, white=WHITE, pictures=pictures.fit, notes=tuple(notes),
        )  # fmt: skip

    def labelled(self, root: Folder) -> tuple[Sequence[Path], Target, str, Parts | None, list[Note]]:
        """The files, their target with its name, the parts that are fixed, and what is told of them."""
        base = unwrapped(root, [])
        if self.labels or len(base.with_pictures()) < 2 or flat_parts(base):
            found = labels_of(root, self.labels, self.target, self.task)
            if found is not None:
                return found.files, found.target, found.name, found.parts, found.notes
        layout = layout_of(root)
        files = [file for part in layout.parts for file in part]
        classes = tuple(sorted({label for _, label in files}))
        number = {label: i for i, label in enumerate(classes)}
        y = np.array([[number[label]] for _, label in files], np.float64)
        parts = ranges([len(part) for part in layout.parts]) if layout.fixed else None
        return [file for file, _ in files], Target(y, classes), "class", parts, layout.notes


def ranges(sizes: list[int]) -> Parts:
    """Row numbers of train, val and test that stand one after the other; None for an empty one."""
    train, val, test = sizes
    rows = np.arange(sum(sizes))
    return rows[:train], rows[train : train + val] if val else None, rows[train + val :] if test else None


def parts_of_kept(parts: Parts | None, kept: np.ndarray, count: int) -> Parts | None:
    """The parts once only the rows `kept` of `count` are left."""
    if parts is None or len(kept) == count:
        return parts
    place = np.full(count, -1)
    place[kept] = np.arange(len(kept))
    train, val, test = (None if part is None else place[part][place[part] >= 0] for part in parts)
    assert train is not None
    return train, val, test


def check_learnt(path: str, y: np.ndarray, classes: tuple[str, ...], parts: Parts | None) -> None:
    """Raise InputError where a class has no picture that can be learned from."""
    present = np.unique(y if parts is None else y[parts[0]])
    missing = [repr(label) for i, label in enumerate(classes) if i not in present]
    if missing:
        raise InputError(
            f"{path}: {listed(missing)} has no pictures among the training rows: nothing can be learned of it; put "
            "some there, or take it out"
        )


def new_files(path: str) -> tuple[list[Path], list[Note]]:
    """The picture itself, or all of a folder. Raises InputError where there is none."""
    if not Path(path).is_dir():
        return [Path(path)], []
    root = read_folder(Path(path))
    files, others = root.all_pictures(), root.all_others()
    if not files:
        there = f"; it holds {plural(len(others), 'other file')}: {counted(others)}" if others else ""
        raise InputError(f"{path}: holds no pictures ({', '.join(ENDINGS[:9])}, …){there}")
    notes: list[Note] = []
    tell_others(root, notes)
    return files, notes


def name_in(path: str, file: Path) -> str:
    """How the row of a picture is named: by its path within the folder."""
    return (
        file.relative_to(path).as_posix() if file.is_relative_to(path) and file != Path(path) else file.name
    )
