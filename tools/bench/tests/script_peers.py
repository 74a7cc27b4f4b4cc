"""Peers that are shell scripts, because the real ones need npm or Java."""

from __future__ import annotations

import sys

from tools.bench.peers import PeerProgram


def script_peer(script: str) -> PeerProgram:
    """Return a peer that is a shell script."""
    code = f"import pathlib; p = pathlib.Path(r'{{folder}}/tool'); p.write_text({script!r}); p.chmod(0o755)"
    return PeerProgram("tool", "1", sys.executable, [[sys.executable, "-c", code]], "tool")
