"""Runs on disk: a directory of plain files, and checkpoints in it. Knows no trainer."""

from engine.runs.checkpoint import Checkpoint, Progress
from engine.runs.directory import RunDirectory

__all__ = ["Checkpoint", "Progress", "RunDirectory"]
