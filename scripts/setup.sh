#!/usr/bin/env bash
# Make an environment with the locked dependencies of a file and this project: scripts/setup.sh [FOLDER FILE].
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:-.venv}" locked="${2:-requirements/dev.txt}"

"$PYTHON" - <<'PY'
import sys
if sys.version_info < (3, 11):
    sys.exit(f"error: Python 3.11 or newer is needed, but this is {sys.version.split()[0]}; use make PYTHON=python3.12 ...")
PY
echo "making $folder, because it is missing or out of date"
"$PYTHON" -m venv --clear "$folder"
export VIRTUAL_ENV="$PWD/$folder"
pip() { "$folder/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }

# uv takes a fifth of pip's time. Fall back to pip, because some machines configure the package index only for pip.
pip install --require-hashes --requirement requirements/bootstrap.txt
"$folder/bin/uv" --quiet pip install --require-hashes --requirement "$locked" ||
    pip install --require-hashes --requirement "$locked"
pip install --no-deps --no-build-isolation --editable .
echo "made $folder with $("$folder/bin/python" --version)"
