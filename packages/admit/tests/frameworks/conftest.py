"""One application, written for each framework, and a way to speak to it that hides nothing of the answer."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
