"""Texts: bundled ones, those that come with Python, and the user's own."""

import sysconfig
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Annotated, ClassVar

from engine.data.sources.language import Context, Language
from engine.errors import InputError
from engine.hyper import hyper

FOLDER = files("engine.data") / "files"
OWN_TEXT = 'use data.source = "text" and set data.path to your file'


class Shakespeare(Language, tag="shakespeare", kw_only=True):
    """Nine plays of Shakespeare, 1.1 million characters."""

    def own_text(self) -> str:
        return bundled("shakespeare.txt.xz")


class Names(Language, tag="names", kw_only=True):
    """5,163 first names (United States, 1990), one a line."""

    context: Context = 16

    @property
    def by_line(self) -> bool:
        return True

    def own_text(self) -> str:
        return bundled("names.txt.xz")


class Pydoc(Language, tag="pydoc", kw_only=True):
    """The topics of Python's own help: the language reference in plain English, about half a million characters."""

    def own_text(self) -> str:
        try:
            from pydoc_data.topics import topics
        except ImportError:
            raise InputError(f"{self.where}: this Python came without its help topics; {OWN_TEXT}") from None
        return "\n\n".join(topics[name] for name in sorted(topics))


class Python(Language, tag="python", kw_only=True):
    """The source of Python's standard library as installed, module by module."""

    size: Annotated[int, hyper("number of characters to use", ge=1000, log=True, unit="characters")] = (
        2_000_000
    )

    def own_text(self) -> str:
        parts, left = [], self.size
        folder = Path(sysconfig.get_paths()["stdlib"])
        for path in sorted(folder.glob("*.py")):
            with suppress(OSError):
                source = path.read_text(encoding="utf-8", errors="ignore")
                source = source.encode("ascii", "ignore").decode().expandtabs(4)
                parts.append(source[:left])
                left -= len(source) + 1
            if left <= 0:
                break
        if not parts:
            raise InputError(f"{self.where}: the standard library came without its source; {OWN_TEXT}")
        return "\n".join(parts)


class TextFile(Language, tag="text", kw_only=True):
    """A text file (UTF-8, plain or gzipped): running text, or with `lines` a list of names or words."""

    endings: ClassVar[tuple[str, ...]] = (".txt", ".md")

    path: Annotated[str, hyper("path of the file")]
    lines: Annotated[bool, hyper("each line is a separate sequence")] = False

    @property
    def by_line(self) -> bool:
        return self.lines

    def own_text(self) -> str:
        raise InputError("data.path is empty; expected a file")


def bundled(name: str) -> str:
    import lzma

    return lzma.decompress((FOLDER / name).read_bytes()).decode()
