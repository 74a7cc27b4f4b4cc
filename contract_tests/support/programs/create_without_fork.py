"""Create an element on a system without `os.fork`, and print its task id.

Arguments: the URL of the gateway, and a request as JSON.
"""

from __future__ import annotations

import json
import os
import sys

if __name__ == "__main__":
    del os.fork, os.register_at_fork

    from kling_elements import KlingElements

    with KlingElements("t", sys.argv[1]) as kling:
        sys.stdout.write(f"{kling.create(json.loads(sys.argv[2])).task_id}\n")
