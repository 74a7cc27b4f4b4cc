"""Ask the mock server for its Swagger UI page, and print the status and whether Flask was imported."""

from __future__ import annotations

import sys

from kling_elements.mock import create_app

if __name__ == "__main__":
    sys.stdout.write(f"{create_app().respond('GET', '/docs').status} {'flask' in sys.modules}\n")
