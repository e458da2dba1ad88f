"""A Chromium of one test's own, driven over its debugging pipe: nothing pretends that hidden tabs are seen, as drivers of tests do.

https://chromedevtools.github.io/devtools-protocol/, and --remote-debugging-pipe: messages end with NUL, on the descriptors 3 and 4.
"""

import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.browser.conftest import WAIT_MS, arguments, chromium

_READ, _WRITE = 3, 4


class Gone(Exception):
    """The page went elsewhere meanwhile, or its target is no more."""


class Chromium:
    """The whole browser, as a group of processes that can be killed or stopped."""

    def __init__(self, profile: Path, *more: str) -> None:
        theirs, self._to = os.pipe()
        self._from, ours = os.pipe()

        def wire() -> None:
            os.dup2(theirs, 10)  # first out of the way: one of them may be 3 or 4 itself
            os.dup2(ours, 11)
            os.dup2(10, _READ)
            os.dup2(11, _WRITE)

        self.process = subprocess.Popen(
            [
                chromium(),
                "--headless=new",
                "--remote-debugging-pipe",
                f"--user-data-dir={profile}",
                *arguments(),
                *more,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=wire,
            pass_fds=(_READ, _WRITE),
            start_new_session=True,
        )
        os.close(theirs)
        os.close(ours)
        self._number, self._buffer = 0, b""
        self._answers: dict[int, dict[str, Any]] = {}

    def open(self, url: str, *, first_run: str = "") -> "Tab":
        """A new tab in front of the others. `first_run`: JavaScript for each of its pages, before theirs."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        if first_run:
            self.send("Page.enable", session)
            self.send("Page.addScriptToEvaluateOnNewDocument", session, source=first_run)
        self.send("Page.navigate", session, url=url)
        return Tab(self, target, session)

    def order(self, method: str, session: str) -> None:
        """Send a command that has no answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "sessionId": session}
        os.write(self._to, json.dumps(message).encode() + b"\0")

    def send(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; events are dropped."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        ends_at = time.monotonic() + WAIT_MS / 1000
        while self._number not in self._answers:
            assert select.select([self._from], [], [], max(0, ends_at - time.monotonic()))[0], f"{method}: no answer"
            self._buffer += os.read(self._from, 65_536)
            *whole, self._buffer = self._buffer.split(b"\0")
            for text in whole:
                answer = json.loads(text)
                if "id" in answer:
                    self._answers[answer["id"]] = answer
        answer = self._answers.pop(self._number)
        if "error" in answer:
            raise Gone(answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result

    def signal(self, number: signal.Signals) -> None:
        """To every process of this browser."""
        os.killpg(self.process.pid, number)

    def end(self) -> None:
        """Kill what is left of it."""
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._to)
        os.close(self._from)


class Tab:
    """One tab."""

    def __init__(self, browser: Chromium, target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session

    def run(self, expression: str) -> Any:
        """Evaluate JavaScript in the page; promises are awaited."""
        answer = self._browser.send(
            "Runtime.evaluate", self._session, expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise Gone(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def until(self, condition: str, *, within_s: float = WAIT_MS / 1000) -> Any:
        """Ask until the page's answer is true, over navigations too, and return it."""
        ends_at = time.monotonic() + within_s
        while True:
            try:
                if answer := self.run(condition):
                    return answer
            except Gone:
                pass
            assert time.monotonic() < ends_at, f"{condition} did not become true within {within_s} s"
            time.sleep(0.02)

    def reload(self) -> None:
        self._browser.send("Page.reload", self._session)

    def front(self) -> None:
        """Let it be the tab that is seen."""
        self._browser.send("Target.activateTarget", targetId=self._target)

    def crash(self) -> None:
        """End the process that runs the page, as a fault in it would."""
        self._browser.order("Page.crash", self._session)

    def close(self) -> None:
        """Close it as a person does."""
        self._browser.send("Target.closeTarget", targetId=self._target)
