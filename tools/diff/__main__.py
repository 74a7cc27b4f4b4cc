"""Compare the contract in the working tree with that of a commit, and print what breaks: `make diff BASE=REF`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kling_elements_runtime.document import Node
from scripts.codegen.soundness import invalid_openapi
from scripts.spec import SPEC, SpecError, inline, load, parse
from tools.diff.changes import Change, Party
from tools.diff.documents import changes_between
from tools.diff.versions import next_version, version_of, version_text

_CANNOT_COMPARE = 2


def document_at(reference: str, path: Path) -> Node:
    """Return the document as it was in a commit of the git repository that contains the file.

    Raises:
        SpecError: git is not installed, the commit does not exist, or the commit lacks the file.
    """
    commit = _git(path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if commit is None:
        raise SpecError(
            f"{reference!r} is not a commit of this git repository; set BASE to a branch, a tag or a commit"
        )
    text = _git(path, "show", f"{commit.strip()}:./{path.name}")
    if text is None:
        raise SpecError(f"{reference} has no {path.parent.name}/{path.name}; set BASE to a commit that has this file")
    return inline(parse(text, f"{path.name} at {reference}"))


def _git(path: Path, *arguments: str) -> str | None:
    """Return the output of git, or None if git fails."""
    command = ["git", "-C", str(path.resolve().parent), *arguments]
    try:
        completed = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise SpecError("git was not found; install git, or add it to PATH") from error
    return completed.stdout.decode("utf-8", "replace") if completed.returncode == 0 else None


def report(name: str, old: Node, new: Node) -> tuple[list[str], bool]:
    """Return the report on two documents, line by line, and whether the new version is high enough.

    Raises:
        SpecError: The documents can't be compared.
    """
    for which, document in (("old", old), ("new", new)):
        for where, problem in invalid_openapi(document):
            raise SpecError(f"the {which} document is not valid OpenAPI 3.1: {where}: {problem}")
    changes = changes_between(old, new)
    base, version = version_of(old), version_of(new)
    needed = next_version(base, changes)
    is_enough = version >= needed
    advice = (
        "" if is_enough else f"; info.version is {version_text(version)}, and must be at least {version_text(needed)}"
    )
    lines = [str(change) for change in changes]
    return [*lines, f"{name}: {_summary(changes, differ=old != new)}{advice}"], is_enough


def _summary(changes: Sequence[Change], *, differ: bool) -> str:
    if not changes:
        return "only descriptions changed" if differ else "no change"
    counts = {party: sum(party in change.breaks for change in changes) for party in Party}
    return (
        f"changes: {len(changes)}, breaking callers: {counts[Party.CALLER]}, breaking servers: {counts[Party.SERVER]}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 1 if the version is too low for the breaks, 2 for an error."""
    parser = argparse.ArgumentParser(prog="make diff", description=__doc__)
    parser.add_argument("base", help="the commit to compare with: a branch, a tag or a commit")
    parser.add_argument("--spec", type=Path, default=SPEC, help="the OpenAPI file")
    options = parser.parse_args(arguments)
    try:
        old, new = document_at(options.base, options.spec), load(options.spec)
        lines, is_enough = report(f"{options.spec.name} since {options.base}", old, new)
    except SpecError as error:
        print(f"error: {error}", file=sys.stderr)
        return _CANNOT_COMPARE
    print(*lines, sep="\n")
    return int(not is_enough)


if __name__ == "__main__":
    sys.exit(main())
