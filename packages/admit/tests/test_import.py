import subprocess
import sys

import pytest

HEAVY = [
    "fastapi",
    "starlette",
    "pydantic",
    "httpx",
    "httpx2",
    "cryptography",
    "ssl",
    "http.client",
    "asyncio",
    "pytest",
    "logging",
]


def test_importing_the_library_brings_neither_a_framework_nor_the_network():
    """Import time is everybody's start-up time; what is needed later is imported later."""
    program = f"import sys, admit; print([name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_test_issuer_needs_no_pytest():
    program = "import sys, admit.testing; admit.testing.TestIssuer().bearer(); print('pytest' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", ["fastapi", "starlette"])
def test_a_framework_that_is_missing_is_named_with_how_to_install_it(name):
    program = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
try:
    import admit.{name}
except ModuleNotFoundError as missing:
    print(missing, missing.name)
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert f"pip install 'admit[{name}]' {name}" in done.stdout
