"""Notes: what was found in data, what is done about it, and how to decide otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.errors import escaped

MOST_NAMES = 3  # of columns with the same note


@dataclass(frozen=True)
class Note:
    """One finding: `column` is empty where it is about the whole table. Plain data, for any reader."""

    column: str
    what: str
    done: str = ""
    how_otherwise: str = ""

    def __str__(self) -> str:
        start = f"{self.column}: " if self.column else ""
        done = f"; {self.done}" if self.done else ""
        how = f" ({self.how_otherwise})" if self.how_otherwise else ""
        return escaped(f"{start}{self.what}{done}{how}")

    def to_json(self) -> dict[str, str]:
        return {
            "column": self.column, "what": self.what, "done": self.done, "how_otherwise": self.how_otherwise,
        }  # fmt: skip


def gathered(notes: Iterable[Note]) -> list[Note]:
    """The notes for people: what is said alike of many columns is said once."""
    groups: dict[tuple[str, str, str], list[Note]] = {}
    for note in notes:
        kind = note.what.split(" (")[0] if note.column else note.what
        key = (kind, note.done, note.how_otherwise.replace(note.column, "…") if note.column else "")
        groups.setdefault(key, []).append(note)
    found = []
    for (kind, _, _), group in groups.items():
        if len(group) <= MOST_NAMES:
            found += group
            continue
        names = ", ".join(note.column for note in group[:MOST_NAMES])
        column = f"{len(group):,} columns ({names}, …)"
        found.append(replace(group[0], column=column, what=kind))
    return found
