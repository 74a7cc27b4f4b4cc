#!/usr/bin/env bash
# Install the programs of requirements/package.json into build/npm, in the versions of package-lock.json, if they changed.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build/npm
if ! cmp -s requirements/package-lock.json build/npm/installed.json; then
    cp requirements/package.json requirements/package-lock.json build/npm/
    npm ci --prefix build/npm --silent --ignore-scripts --no-audit --no-fund
    cp requirements/package-lock.json build/npm/installed.json
fi
