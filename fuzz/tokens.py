"""Throws bytes at everything of `admit.jose` that reads what strangers write, and watches what must always hold.

`make fuzz` runs it, with FUZZ_SECONDS=120 by default, under atheris (coverage-guided). An input that breaks a rule is kept as
crash-* in the working directory.
"""

import sys

import atheris

with atheris.instrument_imports(include=["admit"]):
    import targets

if __name__ == "__main__":
    atheris.Setup(sys.argv, targets.one_input)
    atheris.Fuzz()
