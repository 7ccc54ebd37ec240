"""Pictures of the user's: a folder of PNG or JPEG files, one folder for each class. Pillow reads them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.split import PARTS, Parts
from engine.data.readers.images import ENDINGS, read_pictures
from engine.data.sources.base import NewRows, Source
from engine.data.sources.idx import WHITE, as_bright, check_white
from engine.data.sources.rows import Raw, RowSource
from engine.errors import InputError
from engine.hyper import hyper
from engine.tasks import Classification


class Images(RowSource, tag="images", kw_only=True):
    """A folder of PNG or JPEG images with a subfolder for each class.

    Subfolders called train, val and test hold the classes of each part; if val or test is missing,
    `split` takes it from train.
    """

    path: Annotated[str, hyper("path of the folder")]
    size: Annotated[
        int,
        hyper("resize to squares of this size; 0: keep the size that all have", ge=0, le=1024, unit="pixels"),
    ] = 0
    colors: Annotated[Literal["auto", "grey", "rgb"], hyper("auto: grayscale if no image has colors")] = (
        "auto"
    )
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
        """A picture, or those of a folder in the order of their names."""
        check_white(path, fitted)
        files = picture_files(path)
        if not files:
            raise InputError(f"{path}: holds no pictures ({', '.join(ENDINGS)})")
        images = read_pictures(files, "grey" if input_shape[-1] == 1 else "rgb", fitted.size)
        return NewRows(as_bright(path, images, fitted, input_shape), [file.name for file in files])

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


def picture_files(path: str) -> list[Path]:
    """The picture itself, or those in the folder in order of their names."""
    return pictures_in(Path(path)) if Path(path).is_dir() else [Path(path)]


def labelled(folder: Path) -> list[tuple[Path, str]]:
    """The pictures in the folders of a folder, each with the name of its folder; none where a part is not there."""
    if not folder.is_dir() and folder.name in PARTS:
        return []
    return [(file, name) for name in folders_of(folder) for file in pictures_in(folder / name)]
