"""Mutants that say the same as the contract, so that no request or answer can tell them from it, each with a reason.

Whoever adds one is asked for a reason that a reader can check. One that a witness notices, or that is no mutant any
more, fails the proof.
"""

from __future__ import annotations

EQUIVALENTS: dict[str, str] = {}
