"""Writes first inputs for `fuzz/tokens.py`: the cases of the comparison with other libraries and the examples of the RFCs."""

import json
import sys
from pathlib import Path

PLACE = Path(__file__).parents[1] / "packages/admit/tests"
sys.path.insert(0, str(PLACE / "jose"))

import differential_cases  # noqa: E402 - found beside the tests

WHOLE, HEADER, PAYLOAD, TEXT, SET, SIGNATURE = range(6)  # as in targets.TARGETS


def seeds() -> list[bytes]:
    """Return inputs: a byte that chooses the target, then what it is fed."""
    odd_headers = [
        value if isinstance(value, bytes) else json.dumps(value).encode()
        for _, value in differential_cases.headers("HS256")
    ]
    found = [bytes([HEADER]) + head for head in odd_headers]
    found += [bytes([PAYLOAD]) + payload for _, payload in differential_cases.payloads() if len(payload) < 4000]
    for token in differential_cases.GOOD.values():
        found += [bytes([WHOLE]) + token.encode(), bytes([TEXT]) + token.rpartition(".")[2].encode()]
    published = [key.public_dict() for key in differential_cases.KEYS.values() if not key.symmetric]
    found += [bytes([SET]) + json.dumps({"keys": [key]}).encode() for key in published]
    found += [bytes([SIGNATURE]) + bytes(length) for length in (0, 32, 64, 96, 114, 132, 256)]
    for path in (PLACE / "vectors").glob("*.json"):
        example = json.loads(path.read_text())
        if "token" in example:
            found.append(bytes([WHOLE]) + example["token"].encode())
        if "jwk" in example:
            found.append(bytes([SET]) + json.dumps({"keys": [example["jwk"]]}).encode())
    return found


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:04}").write_bytes(seed)
