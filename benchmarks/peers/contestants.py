"""Who races, in which environment, and how an environment is made."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".venv-peers"


ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "admit": ("-e packages/admit",),
    "admit-fast": ("-e packages/admit[fast]", "msgspec==0.22.0", "pybase64==1.5.1", "pynacl==1.6.2"),
    "pyjwt-2.15": ("pyjwt==2.15.1",),
    "pyjwt-2.13": ("pyjwt==2.13.0",),
    "joserfc": ("joserfc==1.8.0",),
    "authlib": ("authlib==1.9.9",),
    "python-jose": ("python-jose[cryptography]==3.5.0",),
    "jwcrypto": ("jwcrypto==1.6.1",),
    "oxyjwt": ("oxyjwt==0.9.0",),
    "webtoken": ("webtoken==0.5.0",),
}
"""What each environment holds; cryptography comes beside it in the version that the project is tested with."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to check tokens.

    Attributes:
        name: In the table.
        adapter: The function of `adapters` that knows how it is used.
        environment: Its key in `ENVIRONMENTS`.
        module: What `import` names, for the time that it takes.
        remark: What its figures have to be read with.
    """

    name: str
    adapter: str
    environment: str
    module: str | None = None
    remark: str = ""

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return PLACE / self.environment / "bin" / "python"


CONTESTANTS = (
    Contestant("admit", "admit", "admit", "admit"),
    Contestant("admit[fast]", "admit", "admit-fast", "admit", "with msgspec, pybase64 and PyNaCl"),
    Contestant(
        "cryptography",
        "bare",
        "admit",
        None,
        "the signature check alone; for HS256 the standard library's `hmac.digest`",
    ),
    Contestant("libsodium", "libsodium", "admit-fast", None, "the signature check alone"),
    Contestant("PyJWT 2.15", "pyjwt", "pyjwt-2.15", "jwt"),
    Contestant("PyJWT 2.13", "pyjwt", "pyjwt-2.13", "jwt"),
    Contestant("joserfc", "joserfc", "joserfc", "joserfc.jwt"),
    Contestant(
        "Authlib",
        "authlib",
        "authlib",
        "authlib.jose",
        "its own `authlib.jose`, which it calls deprecated in favour of joserfc",
    ),
    Contestant("python-jose", "python_jose", "python-jose", "jose.jwt", "with its cryptography backend"),
    Contestant("jwcrypto", "jwcrypto", "jwcrypto", "jwcrypto.jwt"),
    Contestant("oxyjwt", "oxyjwt", "oxyjwt", "oxyjwt", "written in Rust"),
    Contestant(
        "webtoken",
        "webtoken",
        "webtoken",
        "webtoken",
        "written in Rust; its `encode` prints a line to standard output each time",
    ),
)


def prepare(contestants: tuple[Contestant, ...] = CONTESTANTS) -> None:
    """Make the environments that are not there yet, or were made for something else."""
    crypto = re.search(r"^cryptography==\S+", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    if crypto is None:
        raise SystemExit("constraints.txt does not say which cryptography")
    for name in dict.fromkeys(contestant.environment for contestant in contestants):
        folder = PLACE / name
        wanted = [*ENVIRONMENTS[name], crypto[0]]
        stamp = folder / ".installed"
        if stamp.is_file() and stamp.read_text() == "\n".join(wanted):
            continue
        print(f"making the environment {name}", file=sys.stderr)
        uv = str(ROOT / ".venv" / "bin" / "uv")
        subprocess.run(
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True, cwd=ROOT
        )
        packages = [word for line in wanted for word in line.split()]
        command = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(folder / "bin" / "python"),
            *packages,
        ]
        subprocess.run(command, check=True, cwd=ROOT)
        stamp.write_text("\n".join(wanted))
