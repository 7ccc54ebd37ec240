"""How quickly steps follow each other: as quickly as they can, or so many a second for a person to watch."""

import time

LADDER = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
BEAT = 0.05  # seconds between two chunks, at least: nobody sees more
BEHIND = 0.25  # seconds of steps that are made up for, at most
WATCHING = 20.0  # seconds that a run should last when it is watched for the first time


class Pace:
    """A clock that says how many steps may be made by now. It never changes what the steps compute."""

    def __init__(self, per_second: float = 0.0) -> None:
        """`per_second`: steps a second; 0 is full speed."""
        self.per_second = per_second
        self._began, self._made = time.monotonic(), 0

    def restart(self) -> None:
        """Begin to count; the first step may be made at once."""
        self._began, self._made = time.monotonic(), 0

    @property
    def due(self) -> int | None:
        """The steps that may be made now; None: as many as can."""
        if not self.per_second:
            return None
        now = time.monotonic()
        behind = (now - self._began) - self._made / self.per_second
        if behind > BEHIND + 1 / self.per_second:  # this machine cannot keep up: do not run after it
            self._began += behind - BEHIND
        return max(0, int((now - self._began) * self.per_second + 1e-6) + 1 - self._made)

    def made(self, steps: int) -> None:
        self._made += steps

    @property
    def rest(self) -> float:
        """Seconds until something is due again."""
        if not self.per_second:
            return 0.0
        following = self._began + self._made / self.per_second
        return max(BEAT, following - time.monotonic())


def slower(per_second: float) -> float:
    """One rung down; from full speed to the top of the ladder."""
    below = [rung for rung in LADDER if not per_second or rung < per_second]
    return float(below[-1] if below else LADDER[0])


def faster(per_second: float) -> float:
    """One rung up; beyond the ladder is full speed."""
    above = [rung for rung in LADDER if per_second and rung > per_second]
    return float(above[0]) if above else 0.0


def watchable(steps: int, seconds: float) -> float:
    """The pace at which a run of so many steps, over in so many seconds at full speed, can be watched; 0 where full
    speed does."""
    if seconds >= WATCHING / 4:
        return 0.0
    return float(next((rung for rung in LADDER if rung >= steps / WATCHING), 0))
