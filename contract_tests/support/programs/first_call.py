"""Print the modules that the first call of a client imports."""

from __future__ import annotations

import sys

from kling_elements import KlingElements

kling = KlingElements("any-token", sys.argv[1])
before = {*sys.modules}
kling.get("1")
print({*sys.modules} - before)  # noqa: T201 - the test reads it
