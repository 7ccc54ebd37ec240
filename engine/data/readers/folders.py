"""Folders of pictures: what lies in them, without what systems leave behind."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.data.readers.images import ENDINGS
from engine.errors import InputError

LEFTOVERS = {
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "$recycle.bin", "lost+found",
    "system volume information", "__pycache__",
}  # fmt: skip
STARTS = (
    b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*",
    *(b"P%d" % kind for kind in range(1, 7)),
)  # fmt: skip
CONVERT = {
    ".heic", ".heif", ".svg", ".psd", ".raw", ".cr2", ".nef", ".arw", ".dng", ".jxl", ".eps", ".pdf", ".ico",
}  # fmt: skip


@dataclass
class Folder:
    """What is in a folder, by name: pictures, other files, and its folders that hold anything."""

    path: Path
    pictures: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    folders: list["Folder"] = field(default_factory=list)

    def every(self) -> Iterator["Folder"]:
        """This folder and all that lie in it."""
        yield self
        for folder in self.folders:
            yield from folder.every()

    def all_pictures(self) -> list[Path]:
        return [file for folder in self.every() for file in folder.pictures]

    def all_others(self) -> list[Path]:
        return [file for folder in self.every() for file in folder.others]

    def with_pictures(self) -> list["Folder"]:
        """Its folders that hold pictures, however deep."""
        return [folder for folder in self.folders if any(inner.pictures for inner in folder.every())]


def read_folder(path: Path) -> Folder:
    """A folder with all that is in it. A link that leads back to a folder around it is passed over.

    Raises InputError where there is no such folder, or it cannot be read.
    """
    return inside(path, frozenset())


def inside(path: Path, around: frozenset[Path]) -> Folder:
    try:
        entries = sorted(path.iterdir())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such folder") from None
    except NotADirectoryError:
        raise InputError(f"{path}: is a file; expected a folder of pictures") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    around = around | {path.resolve()}
    found = Folder(path)
    for entry in entries:
        if entry.name.startswith(".") or entry.name.lower() in LEFTOVERS:
            continue
        if entry.is_dir():
            if entry.resolve() not in around:
                folder = inside(entry, around)
                if folder.pictures or folder.others or folder.folders:
                    found.folders.append(folder)
        elif is_picture(entry):
            found.pictures.append(entry)
        else:
            found.others.append(entry)
    return found


def is_picture(file: Path) -> bool:
    """Whether a file is a picture, by its ending or, where it has none, by its first bytes."""
    suffix = file.suffix.lower()
    if suffix in ENDINGS:
        return True
    if suffix and not suffix[1:].isdigit():
        return False
    try:
        with open(file, "rb") as content:
            start = content.read(4)
    except OSError:
        return False
    return start.startswith(STARTS)


def counted(files: Iterable[Path]) -> str:
    """How many files of each kind, most first: "16 .bmp, 8 .webp"."""
    kinds = Counter(file.suffix.lower() or "without an ending" for file in files)
    return ", ".join(
        f"{count:,} {kind}" for kind, count in sorted(kinds.items(), key=lambda k: (-k[1], k[0]))
    )


def plural(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
