"""The file of checkpoints."""

import stat

import pytest

from admit_server.machine.checkpoint_file import CheckpointFile

pytestmark = pytest.mark.anyio


async def test_lines_are_added_at_the_end_for_the_owner_alone(tmp_path):
    file = CheckpointFile(tmp_path / "audit-checkpoints.jsonl")
    assert await file.lines() == []

    await file.add("one")
    await CheckpointFile(file.path).add("two")

    assert await file.lines() == ["one", "two"]
    assert file.path.read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


async def test_a_line_that_was_cut_short_stays_alone(tmp_path):
    file = CheckpointFile(tmp_path / "c")
    file.path.write_bytes(b"one\ntw")

    await file.add("three")

    assert await file.lines() == ["one", "tw", "three"]


async def test_a_file_that_can_not_be_written_says_so(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        await CheckpointFile(tmp_path / "nowhere" / "c").add("one")
