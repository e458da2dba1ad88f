import subprocess
import sys

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
