"""The rules are in `house`, beside this file; each test module shows that its rule holds, and that the rule refuses a bad sample."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
