"""Try the mock server's page in Chromium: `make browser`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.spec import ROOT
from tools.browser import driving

_FOLDER = ROOT / "build" / "browser"
_MOCK = [sys.executable, "-m", "kling_elements.cli", "mock", "--port", "0", "--tick", "0", "--no-callbacks", "--json"]


def main() -> int:
    """Print the result of each visit, and return the exit code: 1 if a visit has problems."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is missing; install it (as root: apt-get install chromium)", file=sys.stderr)
        return 1
    _FOLDER.mkdir(parents=True, exist_ok=True)
    failed = 0
    with _mock_server_page() as docs:
        for visit in driving.make_visits(docs, chromium, _FOLDER):
            problems = list(visit.problems())
            failed += bool(problems)
            print(f"{visit.scheme}, {visit.width} px: {'failed' if problems else 'ok'}", *problems, sep="\n  ")
    print(f"the screenshots are in {_FOLDER.relative_to(ROOT)}")
    return int(failed > 0)


@contextmanager
def _mock_server_page() -> Iterator[str]:
    """Start a mock server, and yield its page's URL."""
    with subprocess.Popen(_MOCK, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            yield json.loads(process.stdout.readline())["docs"]
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
