#!/usr/bin/env bash
# Resolves the dependencies into requirements/, with hashes and without any registry address.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv --quiet pip compile --universal --python-version 3.11 --upgrade --generate-hashes \
        --no-emit-index-url --no-annotate --no-header "$@"
}
echo uv | compile - --output-file requirements/bootstrap.txt
compile pyproject.toml --all-extras --group dev --output-file requirements/dev.txt
