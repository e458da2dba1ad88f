"""`make bench-peers`. ROUNDS in the environment sets the number of rounds; WRITE=no leaves the page of the reference alone."""

import os
import sys
import time

from . import race, report
from .contestants import ROOT, prepare

_PAGE = ROOT / "docs" / "reference" / "performance.md"


def main() -> None:
    """Install, judge, race, report."""
    rounds = int(os.environ.get("ROUNDS", "7"))
    prepare()
    began = time.monotonic()
    results = race.run(rounds, note=lambda text: print(text, file=sys.stderr))
    print(report.text(results, rounds=rounds))
    print(f"\n{time.monotonic() - began:.0f} s\n")
    print(report.as_json(report.document(results, rounds=rounds)))
    if os.environ.get("WRITE", "yes") != "no":
        _PAGE.write_text(report.page(results, rounds=rounds))


if __name__ == "__main__":
    main()
