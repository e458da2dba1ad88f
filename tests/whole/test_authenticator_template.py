"""The template of an authenticator, as somebody would use it: built, installed beside the server, tested, and loaded."""

import json
import subprocess
import sys

import pytest
from tests.whole.programs import PROGRAMS, ROOT
from tests.whole.servers import Server

TEMPLATE = ROOT / "examples" / "authenticator-template"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder in which the built package stands, and nothing else of the repository."""
    folder = tmp_path_factory.mktemp("site-packages")
    build = [PROGRAMS / "uv", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    build += ["--python", sys.executable]
    done = subprocess.run([*build, "--target", folder, TEMPLATE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_its_own_tests_pass_against_the_installed_package(installed, tmp_path):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(TEMPLATE / "tests")]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "-c", "/dev/null"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "17 passed" in done.stdout


@pytest.fixture
def settings(installed):
    return {
        "PYTHONPATH": str(installed),
        "ADMIT_SIGN_IN__AUTHENTICATORS": json.dumps(["password", "admit_grid_card:GridCard"]),
    }


def test_a_server_loads_it_by_the_name_in_the_settings(settings, tmp_path):
    server = Server(tmp_path / "data", settings=settings)
    try:
        server.start()
    finally:
        server.stop()


def test_a_server_without_it_says_what_is_missing(settings, tmp_path):
    with pytest.raises(AssertionError, match="No module named 'admit_grid_card'"):
        Server(tmp_path / "data", settings=settings | {"PYTHONPATH": ""}).start()
