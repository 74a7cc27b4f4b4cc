#!/usr/bin/env bash
# Resolve the dependencies into requirements/, with hashes and without registry addresses.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv --quiet pip compile --universal --python-version 3.11 --upgrade --no-emit-index-url --no-annotate \
        --no-header "$@"
}
echo uv | compile - --generate-hashes --output-file requirements/bootstrap.txt
compile pyproject.toml --all-extras --group dev --generate-hashes --output-file requirements/dev.txt

# Use the oldest supported versions of the users' dependencies, and new versions of the developers' tools.
lowest="$(mktemp)"
trap 'rm -f "$lowest"' EXIT
compile pyproject.toml --all-extras --no-deps --resolution lowest-direct >"$lowest"
compile pyproject.toml --all-extras --group dev --constraint "$lowest" --generate-hashes \
    --output-file requirements/lowest.txt
