"""The documents are run in a folder of their own each: see `workshop`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from workshop import Workshop, tools_missing


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """A folder like a fresh clone after `make setup`, with ports of its own."""
    missing = tools_missing()
    assert not missing, f"the documents use {', '.join(missing)}: install them to test the documents"
    place = Workshop(tmp_path)
    try:
        yield place
    finally:
        place.close()
