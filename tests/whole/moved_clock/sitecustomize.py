"""Loaded by every Python program that has this directory on PYTHONPATH: its clock goes ahead by as many seconds as a file says.

So real servers and APIs live through minutes that no test has to wait for.
"""

import os
import time
from pathlib import Path

_ahead = Path(os.environ["TESTS_CLOCK_AHEAD"])
_now = time.time


def _moved() -> float:
    return _now() + int(_ahead.read_text())


time.time = _moved
