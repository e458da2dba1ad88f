"""Those who hear of revocations, as real processes and real connections."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.whole.programs import ROOT, _ends_with_us


class Watchers:
    """Real verifiers in processes of their own, all of one issuer and resource."""

    def __init__(self, issuer: str, audience: str, *, processes: int, each: int) -> None:
        program = [sys.executable, str(Path(__file__).with_name("watching.py")), issuer, audience, str(each)]
        self._processes = [
            subprocess.Popen(
                _ends_with_us(program), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            for _ in range(processes)
        ]

    def accept(self, token: str) -> None:
        """Have every verifier accept a token; from here on each is asked about it until it refuses."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(token + "\n")
        for process in self._processes:
            assert self._line(process) == "ready"

    def refusals(self) -> list[tuple[float, str]]:
        """When each of them has refused, by `time.monotonic`, and the code."""
        return [(moment, code) for process in self._processes for moment, code in json.loads(self._line(process))]

    def end(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.wait(20)
            process.stdout.close()

    def _line(self, process: "subprocess.Popen[str]") -> Any:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"a process of verifiers ended: {process.poll()}"
        return line.strip()
