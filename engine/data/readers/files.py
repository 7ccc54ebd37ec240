"""Files as bytes and as text: unpacked where they are packed, decoded by their mark, with errors for people."""

import gzip
import zlib
from pathlib import Path

from engine.errors import InputError

MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
HEAD = 1 << 16  # bytes that are enough to see what a file is


def read_bytes(path: Path) -> bytes:
    """A file of the user's, unpacked where it is gzipped. Raises InputError where it cannot be read."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: is a damaged gzip file: {error}") from None
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read_head(path: Path) -> bytes:
    """The first bytes of a file, unpacked; empty where they cannot be read: who reads it whole will tell."""
    try:
        with open(path, "rb") as file:
            start = file.read(2)
        with gzip.open(path, "rb") if start == b"\x1f\x8b" else open(path, "rb") as file:
            return file.read(HEAD)
    except (OSError, EOFError, zlib.error, ValueError):
        return b""


def encoding_of(content: bytes) -> str:
    """The encoding by the mark a file begins with, or by the zero bytes of UTF-16; else UTF-8."""
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return encoding
    start = content[:4096]
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if min(len(start), 8) == 8 and max(even, odd) > 0.4 * len(start) / 2 and min(even, odd) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    return "utf-8"


def check_encoding(content: bytes, path: str, encoding: str) -> None:
    """Raise InputError where the bytes are not of that encoding, with the line and what can be done."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        if encoding != "utf-8":
            raise InputError(f"{path}: line {line} is not {encoding.upper()} text") from None
        seen = content[max(0, error.start - 12) : error.start + 12].decode("cp1252", "replace").split("\n")
        near = max(seen, key=lambda part: sum(ord(c) > 127 for c in part)).strip()
        raise InputError(
            f'{path}: line {line} is not UTF-8 text; as Latin-1 it reads "{near}": if that is right, '
            'data.encoding = "latin-1" reads it, else save the file as UTF-8'
        ) from None
    except LookupError:
        raise InputError(
            f"data.encoding = {encoding!r} is no encoding that Python knows; try utf-8, latin-1 or cp1252"
        ) from None


def read_text(path: Path, encoding: str = "") -> str:
    """A whole text file. Raises InputError where it cannot be read, or is not of its encoding."""
    content = read_bytes(path)
    chosen = encoding or encoding_of(content)
    check_encoding(content, str(path), chosen)
    return content.decode(chosen)
