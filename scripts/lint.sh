#!/usr/bin/env bash
# Checks the contract and the code without running it. Without npm it leaves out Redocly and pyright, but not in CI.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

python -m scripts.codegen.lint
python -m scripts.codegen.generate --check
ruff check --quiet .
ruff format --quiet --check .
mypy
if command -v npm >/dev/null; then
    bash scripts/npm.sh
    build/npm/node_modules/.bin/redocly lint --extends=recommended-strict openapi/kling-elements.yaml
    pyright
elif [[ ${CI:-} == true ]]; then
    echo "error: npm is not there, and CI leaves nothing out; install nodejs and npm" >&2
    exit 1
else
    echo "npm is not there: Redocly and pyright were left out"
fi
