"""Time and randomness of this machine."""

import secrets
import time


def system_clock() -> int:
    """Seconds since 1970, UTC."""
    return int(time.time())


def system_entropy(size: int, /) -> bytes:
    """Random bytes from the operating system."""
    return secrets.token_bytes(size)
