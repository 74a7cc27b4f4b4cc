"""Run every part of the proof: `make proof`."""

from __future__ import annotations

import sys

from tools.mutate import contract_coverage, planted_faults, spec_mutants
from tools.mutate.proof_parts import Part, run_parts

PARTS: dict[str, Part] = {
    spec_mutants.NAME: spec_mutants.prove,
    contract_coverage.NAME: contract_coverage.prove,
    planted_faults.NAME: planted_faults.prove_all,
}


def main() -> int:
    """Run every part, even if one fails; return the exit code."""
    return run_parts(PARTS)


if __name__ == "__main__":
    sys.exit(main())
