#!/usr/bin/env sh
# Builds the library's wheel, installs it alone in an empty environment and runs its tests there: the proof that it needs nothing
# of the server, and nothing that this checkout happens to have. Without `admit[fast]`; the comparison with other libraries runs both ways by itself.
set -eu
cd "$(dirname "$0")/.."
venv=.venv-alone
bin=.venv/bin
rm -rf dist/alone "$venv"
"$bin/uv" build --quiet --wheel --python "$bin/python" --out-dir dist/alone packages/admit
"$bin/uv" venv --quiet --python "$bin/python" "$venv"
"$bin/uv" pip install --quiet --python "$venv/bin/python" --constraint constraints.txt dist/alone/admit-*.whl
# Nothing but cryptography may come along.
"$venv/bin/python" - <<'PY'
import importlib.metadata as md
found = sorted(d.metadata["Name"].lower() for d in md.distributions())
extra = set(found) - {"admit", "cryptography", "cffi", "pycparser", "typing-extensions"}
assert not extra, f"the bare library brings {extra}"
import admit
PY
"$bin/uv" pip install --quiet --python "$venv/bin/python" --constraint constraints.txt \
    pytest pytest-xdist pytest-timeout hypothesis anyio joserfc jwcrypto authlib pyjwt fastapi httpx2 uvicorn wsproto requests \
    gunicorn uvicorn-worker pyuwsgi
"$venv/bin/python" -c "
import importlib.util, sys
sys.exit('the server is installed beside the library') if importlib.util.find_spec('admit_server') else None"
echo "The library's tests against its wheel alone:"
"$venv/bin/python" -m pytest packages/admit/tests --ignore packages/admit/tests/fast --ignore packages/admit/tests/jose/test_differential.py -n "${WORKERS:-auto}" --dist worksteal -q -p no:cacheprovider
