"""The template of an authenticator, as somebody would use it: built, installed beside the server, tested, and loaded."""

import html
import json
import re
import subprocess
import sys

import httpx2
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


class Person:
    """Somebody at the pages, without a browser: forms are sent as they are shown."""

    def __init__(self, server, who):
        self._who = who
        headers = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
        self._http = httpx2.Client(base_url=server.url, headers=headers, follow_redirects=True)
        self.page = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._http.close()

    def password(self):
        self.page = self._http.get("/sign-in").text
        self._send(username=self._who.name, password=self._who.password)

    def answer(self, number):
        self._send(grid_card=number)

    def is_in(self):
        return f"<strong>{self._who.name}</strong>" in self._http.get("/account").text

    def _send(self, **fields):
        form = re.findall(r"<form .*?</form>", self.page, re.DOTALL)[0]
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
        sent = {name: html.unescape(value) for name, value in hidden} | fields
        self.page = self._http.post("/sign-in", data=sent).text


@pytest.fixture
def settings(installed):
    return {
        "PYTHONPATH": str(installed),
        "ADMIT_SIGN_IN__AUTHENTICATORS": json.dumps(["password", "admit_grid_card:GridCard"]),
    }


def test_people_set_it_up_and_sign_in_with_it_on_the_servers_own_pages(settings, serve, installed, monkeypatch):
    monkeypatch.syspath_prepend(installed)  # for the administrator, who is this test
    server = serve(settings=settings | {"ADMIT_SIGN_IN__REQUIRES": "password and grid_card"})
    person = server.add_user()
    with Person(server, person) as first:
        first.password()
        card = dict(re.findall(r"<li><strong>([A-E][1-8])</strong> <code>(\d{6})</code></li>", first.page))
        assert len(card) == 40
        first.answer(card["A1"])
        assert first.is_in()
    with Person(server, person) as again:
        again.password()
        (cell,) = re.findall(r"The number in cell ([A-E][1-8]) of your card", again.page)
        assert cell != "A1", "the cell of the enrolment was asked for again"
        again.answer("000000" if card[cell] != "000000" else "111111")
        assert not again.is_in()
        (cell,) = re.findall(r"The number in cell ([A-E][1-8]) of your card", again.page)
        again.answer(card[cell])
        assert again.is_in()


def test_a_server_without_it_says_what_is_missing(settings, tmp_path):
    with pytest.raises(AssertionError, match="No module named 'admit_grid_card'"):
        Server(tmp_path / "data", settings=settings | {"PYTHONPATH": ""}).start()
