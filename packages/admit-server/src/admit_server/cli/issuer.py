"""The name under which the last `admit serve` of a data directory issued, so that commands beside it say the same `iss`.

`admit serve --port 8123` is called http://127.0.0.1:8123 by its flag alone; a token issued by `admit token issue` under the default
name would be refused by everybody. A name in the settings is the truth and is never replaced.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..settings import Settings

FILE_NAME = "issuer"
_LONGEST = 2_000


def remembered(settings: "Settings") -> str | None:
    """The last served name, where the settings say none themselves."""
    if settings.server.issuer:
        return None
    try:
        text = (settings.data_dir / FILE_NAME).read_text(encoding="ascii")[:_LONGEST].strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if text.startswith(("http://", "https://")) else None


@contextmanager
def remembering(settings: "Settings") -> Iterator[None]:
    """Note the name for as long as it is served and after; a server that could not start leaves the old note.

    A note that can't be written stops nobody: the commands have `--issuer`.
    """
    note = settings.data_dir / FILE_NAME
    before = _read(note)
    if settings.port != 0:
        with suppress(OSError):
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            note.write_text(settings.issuer + "\n", encoding="ascii")
    try:
        yield
    except Exception:
        with suppress(OSError):
            note.unlink(missing_ok=True) if before is None else note.write_text(before, encoding="ascii")
        raise


def _read(note: Path) -> str | None:
    try:
        return note.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None
