"""The sketches of later authenticators, taken from the page that shows them, keep the rules as well."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from admit_server.authenticators.api import HttpAnswer, Pending, Rejected, Verified
from admit_server.authenticators.conformance import PERSON, Conformance

PAGE = Path(__file__).parents[4] / "docs" / "explanation" / "authenticators.md"
# What a module of their own would begin with.
HEAD = """
import base64, hashlib, json, struct
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from admit_server.authenticators.api import *
from admit_server.authenticators.api import Base, Challenge, Enrolled, NotMine, NotReached, Pending, Rejected, Verified
"""


def sketches():
    """Both classes by their names."""
    names: dict = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        exec(compile(HEAD + block, str(PAGE), "exec"), names)
    return names


class Sketched(Conformance):
    # The sketches stand in no module; what they import is the head of this file.
    test_it_imports_nothing_of_the_server_but_the_interface = None
    sketch = ""

    def make(self):
        return sketches()[self.sketch]()


class TestSshKey(Sketched):
    """With the real `ssh-keygen`."""

    sketch = "SshKey"

    @pytest.fixture(autouse=True)
    def _key(self, tmp_path):
        self.place = tmp_path
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)

    def signed(self, text, key="key"):
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "admit", "-f", self.place / key]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
        return {"ssh_key": done.stdout.decode()}

    async def right_to_enrol(self, ctx, challenge):
        return self.signed(challenge.public["message"])

    async def right(self, ctx, challenge, credentials):
        return self.signed(challenge.public["message"])

    @pytest.mark.anyio
    async def test_the_key_names_the_person_and_no_other_key_will_do(self):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.place / "other"], check=True)
        ctx, made = self.context(), self.make()
        credentials = await self.credentials(ctx)
        challenge = await made.begin(ctx, None, ())
        response = self.signed(challenge.public["message"])
        assert made.lookup(response) == (await self.enrolled(ctx)).lookup
        assert isinstance(await made.finish(ctx, challenge.state, response, credentials), Verified)
        other = self.signed(challenge.public["message"], "other")
        assert made.lookup(other) != made.lookup(response)
        assert await made.finish(ctx, challenge.state, other, credentials) == Rejected("nobody's key")
        wrong = self.signed("another text")
        assert isinstance(await made.finish(ctx, challenge.state, wrong, credentials), Rejected)


class TestPhoneApproval(Sketched):
    sketch = "PhoneApproval"
    response_matters = False
    decision = b"approved"

    @pytest.fixture(autouse=True)
    def _service(self):
        self.asked = {}

    async def post(self, url, body, headers):
        asked = json.loads(body)
        if "ask" in asked:
            self.asked[asked["ask"]] = asked["person"]
            return HttpAnswer(status=200, headers={}, body=b"")
        return HttpAnswer(status=200, headers={}, body=self.decision if self.asked[asked["look"]] else b"waiting")

    async def right(self, ctx, challenge, credentials):
        return {"phone": "go on"}

    @pytest.mark.anyio
    async def test_it_waits_for_the_phone_and_not_for_ever(self):
        ctx, made = self.context(), self.make()
        self.decision = b"waiting"
        challenge = await made.begin(ctx, PERSON, ())
        assert await made.finish(ctx, challenge.state, {"phone": ""}, ()) == Pending(2)
        self.decision = b"no"
        assert await made.finish(ctx, challenge.state, {"phone": ""}, ()) == Rejected("refused on the phone")
        late = replace(ctx, now=ctx.now + 121)
        assert await made.finish(late, challenge.state, {"phone": ""}, ()) == Rejected("not approved in time")
