"""Checkpoints of the audit log in a file beside the database, one a line."""

import asyncio
import os
from pathlib import Path

FILE_NAME = "audit-checkpoints.jsonl"


class CheckpointFile:
    """`ports.audit.Witness`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def add(self, line: str) -> None:
        await asyncio.to_thread(self._add, line)

    async def lines(self) -> list[str]:
        return await asyncio.to_thread(self._lines)

    def _add(self, line: str) -> None:
        # One write at the file's end: several servers may share it. A line that a full disk cut short stays alone.
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, b"\n" * torn + line.encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _lines(self) -> list[str]:
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [line for line in text.split("\n") if line]
