"""Layouts: how a folder of pictures tells classes and parts: folders of classes, of parts, or a table of labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.data.preparation.notes import Note
from engine.data.preparation.split import PARTS
from engine.data.readers.folders import CONVERT, Folder, counted, plural
from engine.data.readers.images import ENDINGS
from engine.errors import InputError, listed

NAMES = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "validate", "dev", "eval", "evaluation"),
    "test": ("test", "testing", "tst", "holdout"),
}
FILLERS = {
    "set", "data", "dataset", "images", "image", "imgs", "img", "pictures", "photos", "folder", "split", "files",
    "seg", "labels", "label",
}  # fmt: skip
Labelled = tuple[Path, str]


@dataclass
class Layout:
    """The pictures of each part with their classes; `fixed`: the folder itself says what is train, val and test."""

    parts: list[list[Labelled]]
    fixed: bool = False
    notes: list[Note] = field(default_factory=list)
    spellings: dict[str, str] = field(default_factory=dict)


def part_of(name: str) -> str | None:
    """The part that a folder's name means: "Train", "valid_set", "test-images"; None for other names."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    plain = [word.lower().removesuffix("set") if word.lower() != "set" else "" for word in words]
    left = [word for word in plain if word and word not in FILLERS]
    if len(left) != 1:
        return None
    return next((part for part, known in NAMES.items() if left[0] in known), None)


def layout_of(root: Folder) -> Layout:
    """What the folders in a folder say. Raises InputError, with what was found, where they tell no classes."""
    layout = Layout([[], [], []])
    base = unwrapped(root, layout.notes)
    parts = parts_of(base, layout.notes)
    if parts:
        layout.fixed = True
        for i, part in enumerate(PARTS):
            if part in parts:
                layout.parts[i] = classes_of(unwrapped(parts[part], [], True), layout)
        merged(layout)
        check_train(base, parts, layout)
    elif flat_parts(base):
        raise InputError(unclear(root, base))
    else:
        layout.parts[0] = classes_of(base, layout)
        merged(layout)
    classes = {label for part in layout.parts for _, label in part}
    if len(classes) < 2:
        raise InputError(unclear(root, base))
    empty = [
        folder
        for owner in ([*parts.values()] if parts else [base])
        for folder in unwrapped(owner, [], bool(parts)).folders
        if not any(inner.pictures for inner in folder.every())
    ]
    if empty:
        names = listed([repr(folder.path.name) for folder in empty])
        layout.notes.append(Note("", f"{plural(len(empty), 'folder')} without pictures: {names}", "no class"))
    tell_others(root, layout.notes)
    return layout


def unwrapped(folder: Folder, notes: list[Note], in_part: bool = False) -> Folder:
    """The folder that holds the classes, or the parts, where others lie around it. `in_part`: only classes follow."""
    while not folder.pictures and len(folder.with_pictures()) == 1:
        inner = folder.with_pictures()[0]
        if not inner.with_pictures() or (part_of(inner.path.name) == "train" and not in_part):
            break
        notes[:] = [Note("", f"the classes are the folders in {inner.path.name}/")]
        folder = inner
    return folder


def flat_parts(base: Folder) -> bool:
    """Whether the folders are called like parts, train among them, but hold no folders of classes."""
    folders = base.with_pictures()
    names = [part_of(folder.path.name) for folder in folders]
    return "train" in names and None not in names and not any(folder.with_pictures() for folder in folders)


def parts_of(base: Folder, notes: list[Note]) -> dict[str, Folder]:
    """The folders of the parts, where the folders in `base` are these; none where they are classes.

    Raises InputError where two folders mean the same part, and where a part lies among classes.
    """
    found: dict[str, Folder] = {}
    others: list[Folder] = []
    with_classes = {f.path: bool(unwrapped(f, [], True).with_pictures()) for f in base.with_pictures()}
    for folder in base.with_pictures():
        part = part_of(folder.path.name)
        if part is None:
            others.append(folder)
        elif part in found and with_classes[folder.path]:
            first, second = found[part].path.name, folder.path.name
            raise InputError(f"{base.path}: both {first}/ and {second}/ hold {part} rows; keep one of them")
        elif part not in found or with_classes[folder.path]:
            found[part] = folder
    nested = {part: folder for part, folder in found.items() if with_classes[folder.path]}
    if "train" not in nested:
        if nested:
            names = listed([f"{folder.path.name}/" for folder in nested.values()])
            there = listed([f"{folder.path.name}/" for folder in base.with_pictures()])
            raise InputError(
                f"{base.path}: {names} holds folders of classes, as a part of the rows does, but no folder with "
                f"classes is called train; found {there}"
            )
        return {}
    for folder in [*others, *(f for part, f in found.items() if part not in nested)]:
        count = len(folder.all_pictures())
        why = "no part of the rows" if folder in others else "without folders of classes"
        notes.append(Note("", f"{folder.path.name}/ ({plural(count, 'picture')}) is {why}", "left out"))
    names = ", ".join(f"{nested[part].path.name}/ is {part}" for part in PARTS if part in nested)
    if any(nested[part].path.name != part for part in nested):
        notes.append(Note("", f"the folders are the parts: {names}"))
    return nested


def classes_of(base: Folder, layout: Layout) -> list[Labelled]:
    """All pictures in the folders of a folder, each with the name of the folder: those in deeper folders too."""
    folders = base.with_pictures()
    deep = [folder for folder in folders if folder.with_pictures()]
    if deep:
        inner = deep[0].with_pictures()[0].path
        layout.notes.append(
            Note(
                "", f"there are folders within those of classes ({inner.parent.name}/{inner.name})",
                f"their pictures belong to the outer one, {inner.parent.name!r}",
            )
        )  # fmt: skip
    if base.pictures and folders:
        layout.notes.append(
            Note("", f"{plural(len(base.pictures), 'picture')} beside the folders of classes", "left out")
        )
    return [(file, folder.path.name) for folder in folders for file in folder.all_pictures()]


def merged(layout: Layout) -> None:
    """Make one class of folders whose names differ only in capitals or blanks: Cat in train, cat in test."""
    known: dict[str, str] = {}
    for part in layout.parts:
        for i, (file, label) in enumerate(part):
            first = known.setdefault(" ".join(label.casefold().split()), label)
            if first != label:
                layout.spellings[label] = first
                part[i] = (file, first)
    for label, first in layout.spellings.items():
        what = f"the folders {first!r} and {label!r} differ only in spelling"
        layout.notes.append(Note("", what, "one class"))


def check_train(base: Folder, parts: dict[str, Folder], layout: Layout) -> None:
    """Raise InputError where a class has no pictures to learn from."""
    learnt = {label for _, label in layout.parts[0]}
    for i, part in enumerate(PARTS[1:], 1):
        missing = sorted({label for _, label in layout.parts[i]} - learnt)
        if missing:
            counts = [sum(label == other for _, other in layout.parts[i]) for label in missing]
            shown = listed([f"{m!r} ({plural(n, 'picture')})" for m, n in zip(missing, counts, strict=True)])
            train, there = parts["train"].path.name, parts[part].path.name
            raise InputError(
                f"{base.path}: only {there}/ has the {'class' if len(missing) == 1 else 'classes'} {shown}: without "
                f"pictures in {train}/ nothing can be learned of it; put some there, or take the folder out"
            )


def tell_others(root: Folder, notes: list[Note], used: Sequence[Path] = ()) -> None:
    """Note how many files of which kinds are no pictures that can be read."""
    left = [file for file in root.all_others() if file not in used]
    if left:
        convert = sorted({file.suffix.lower() for file in left} & CONVERT)
        how = f"{', '.join(convert)} can be converted to .png or .jpg" if convert else ""
        notes.append(Note("", f"left out {plural(len(left), 'file')}: {counted(left)}", how_otherwise=how))


def unclear(root: Folder, base: Folder) -> str:
    """The error for a folder that tells no two classes: what there is, and the nearest remedy."""
    pictures, others = base.all_pictures(), root.all_others()
    there = f"; there are {plural(len(others), 'other file')}: {counted(others)}" if others else ""
    if not pictures:
        kinds = sorted({file.suffix.lower() for file in others} & CONVERT)
        hint = f"; convert {', '.join(kinds)} to .png or .jpg" if kinds else ""
        return f"{root.path}: holds no pictures ({', '.join(ENDINGS[:9])}, …){there}{hint}"
    folders = base.with_pictures()
    expected = f"{base.path}: expected two or more folders of pictures, one for each class"
    shown = listed([f"{f.path.name!r} ({plural(len(f.all_pictures()), 'picture')})" for f in folders])
    if base.pictures:
        beside = f"; found {plural(len(base.pictures), 'picture')} in no folder of a class"
        beside += f", and the folder {shown}" if folders else ""
        return (
            f"{expected}{beside}; move those of each class into a folder named after it, or put a labels.csv with "
            "the columns file and label beside them"
        )
    flat = [folder for folder in folders if part_of(folder.path.name)]
    if flat:
        return f"{expected}; {flat[0].path.name}/ has no such folders in it; found {shown}"
    return f"{expected}; found {len(folders)}: {shown}{there}"
