"""Tells what the contract in the working tree breaks, compared with that of a commit: `make diff BASE=REF`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kling_elements_runtime.document import Node
from scripts.codegen.soundness import valid_openapi
from scripts.spec import SPEC, SpecError, load, parse
from tools.diff.changes import Change, Party
from tools.diff.documents import changes_between
from tools.diff.versions import next_version, shown, version_of

_CANNOT_COMPARE = 2


def document_at(reference: str, path: Path) -> Node:
    """The document as it was in a commit of the git repository that the file is in.

    Raises:
        SpecError: There is no git, no such commit, or no such file in it.
    """
    commit = _git(path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if commit is None:
        raise SpecError(f"{reference!r} names no commit of this git repository; BASE is a branch, a tag or a commit")
    text = _git(path, "show", f"{commit.strip()}:./{path.name}")
    if text is None:
        raise SpecError(f"{reference} has no {path.parent.name}/{path.name}; BASE must be a commit that has it")
    return parse(text, f"{path.name} at {reference}")


def _git(path: Path, *arguments: str) -> str | None:
    """What git prints, or None if it fails."""
    command = ["git", "-C", str(path.resolve().parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise SpecError("git is not there") from error
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def report(name: str, old: Node, new: Node) -> tuple[list[str], bool]:
    """What to print of two documents, and whether the version tells of what broke.

    Raises:
        SpecError: They cannot be compared.
    """
    for which, document in (("old", old), ("new", new)):
        for where, problem in valid_openapi(document):
            raise SpecError(f"the {which} document is no valid OpenAPI 3.1: {where}: {problem}")
    changes = changes_between(old, new)
    base, version = version_of(old), version_of(new)
    needed = next_version(base, changes)
    fits = version >= needed
    says = "" if fits else f"; info.version is {shown(version)}, it must be {shown(needed)} or later"
    lines = [str(change) for change in changes]
    return [*lines, f"{name}: {_summary(changes, differ=old != new)}{says}"], fits


def _summary(changes: Sequence[Change], *, differ: bool) -> str:
    if not changes:
        return "other words, the same contract" if differ else "no change"
    of = {party: sum(party in change.breaks for change in changes) for party in Party}
    return f"changes: {len(changes)}, breaking callers: {of[Party.CALLER]}, breaking servers: {of[Party.SERVER]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code: 1 for a break that the version does not tell, 2 for an error."""
    parser = argparse.ArgumentParser(prog="make diff", description=__doc__)
    parser.add_argument("base", help="the commit to compare with: a branch, a tag or a commit")
    parser.add_argument("--spec", type=Path, default=SPEC, help="the OpenAPI file")
    options = parser.parse_args(arguments)
    try:
        old, new = document_at(options.base, options.spec), load(options.spec)
        lines, fits = report(f"{options.spec.name} since {options.base}", old, new)
    except SpecError as error:
        print(f"error: {error}", file=sys.stderr)
        return _CANNOT_COMPARE
    print(*lines, sep="\n")
    return int(not fits)


if __name__ == "__main__":
    sys.exit(main())
