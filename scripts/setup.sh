#!/usr/bin/env bash
# Makes an environment with the locked dependencies of a file and this project: scripts/setup.sh [FOLDER FILE].
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:-.venv}" locked="${2:-requirements/dev.txt}"

"$PYTHON" - <<'PY'
import sys
if sys.version_info < (3, 11):
    sys.exit(f"error: Python 3.11 or newer is needed, this is {sys.version.split()[0]}; say make PYTHON=python3.12 ...")
PY
echo "making $folder, as it is missing or older than what it is made from"
"$PYTHON" -m venv --clear "$folder"
export VIRTUAL_ENV="$PWD/$folder"
pip() { "$folder/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }

# uv takes a fifth of pip's time; pip takes over where only pip's own settings know the way to an index.
pip install --require-hashes --requirement requirements/bootstrap.txt
"$folder/bin/uv" --quiet pip install --require-hashes --requirement "$locked" ||
    pip install --require-hashes --requirement "$locked"
pip install --no-deps --no-build-isolation --editable .
echo "made $folder with $("$folder/bin/python" --version)"
