#!/usr/bin/env bash
# Makes .venv with the locked dependencies and this project.
set -euo pipefail
cd "$(dirname "$0")/.."

"$PYTHON" - <<'PY'
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(f"error: Python 3.11 to 3.13 is needed, this is {sys.version.split()[0]}; say make PYTHON=python3.12 ...")
PY
echo "making .venv, as it is missing or older than what it is made from"
"$PYTHON" -m venv --clear .venv
export VIRTUAL_ENV="$PWD/.venv"
pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"; }

# uv takes a fifth of pip's time; pip takes over where only pip's own settings know the way to an index.
pip install --require-hashes --requirement requirements/bootstrap.txt
.venv/bin/uv --quiet pip install --require-hashes --requirement requirements/dev.txt ||
    pip install --require-hashes --requirement requirements/dev.txt
pip install --no-deps --no-build-isolation --editable .
echo "made .venv with $(.venv/bin/python --version)"
