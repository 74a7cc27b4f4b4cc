#!/usr/bin/env bash
# Check the contract and the code without running them. Without npm, skip Redocly and pyright, except in CI.
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
    echo "error: npm is missing, and CI must run every check; install nodejs and npm" >&2
    exit 1
else
    echo "npm is missing, so Redocly and pyright were skipped; install nodejs and npm to run them"
fi
