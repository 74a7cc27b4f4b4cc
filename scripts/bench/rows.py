"""The rows of the table: what is told of the experiments, and what is aimed at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scripts.bench.experiments import STOCK


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        name: What to call it by, as in `--only`.
        title: What is measured.
        experiment: Where its figures come from.
        figure: The name of the figure.
        unit: The figure's unit.
        limit: The target.
        limits: Whether the target is for the ratio of our figure to the peer's, or for our figure itself.
        more_is_better: Whether the figure counts what is done, and not what that costs.
        peer: The side that is compared with.
        peer_figure: The name of the peer's figure, if that is another one.
        is_cost: Whether the figure is one of costs or of rates, so that a ratio tells how many times less.
    """

    name: str
    title: str
    experiment: str
    figure: str
    unit: str
    limit: float
    limits: Literal["ratio", "value"] = "ratio"
    more_is_better: bool = False
    peer: str = STOCK
    peer_figure: str | None = None
    is_cost: bool = True

    @property
    def target(self) -> str:
        """The target, in words."""
        sign = ">=" if self.more_is_better else "<="
        return f"{sign} {self.limit:g}" + (f" {self.unit}" if self.limits == "value" else "")

    def is_met(self, ours: float, ratio: float | None) -> bool | None:
        """Whether the target is met; None where that takes a peer who is not here."""
        reached = ours if self.limits == "value" else ratio
        if reached is None:
            return None
        return reached >= self.limit if self.more_is_better else reached <= self.limit


_FILES = "4 images of 10 MB, files to answer"
ROWS = (
    Row(name="files-sync", title=f"{_FILES}, sync", experiment="sending-sync", figure="wall_ms", unit="ms", limit=0.12),
    Row(
        name="files-async",
        title=f"{_FILES}, async",
        experiment="sending-async",
        figure="wall_ms",
        unit="ms",
        limit=0.15,
    ),
    Row(
        name="blocked",
        title="  event loop blocked at a time",
        experiment="sending-async",
        figure="blocked_ms",
        unit="ms",
        limit=15,
        limits="value",
    ),
    Row(
        name="memory-sync",
        title="  peak memory, sync",
        experiment="sending-sync",
        figure="peak",
        unit="bodies",
        limit=0.05,
        limits="value",
    ),
    Row(
        name="memory-async",
        title="  peak memory, async",
        experiment="sending-async",
        figure="peak",
        unit="bodies",
        limit=0.05,
        limits="value",
    ),
    Row(name="files-tls", title=f"{_FILES}, TLS", experiment="sending-tls", figure="wall_ms", unit="ms", limit=0.25),
    Row(
        name="memory-tls",
        title="  peak memory, TLS",
        experiment="sending-tls",
        figure="peak",
        unit="bodies",
        limit=0.05,
        limits="value",
    ),
    Row(
        name="check-held",
        title="check of a body of 56 MB in memory",
        experiment="check-large",
        figure="held",
        unit="memcpy",
        limit=2.5,
        limits="value",
        peer="pattern",
    ),
    Row(
        name="check-encoded",
        title="  with images that the client encoded",
        experiment="check-large",
        figure="encoded",
        unit="memcpy",
        limit=0.1,
        limits="value",
        peer="pattern",
        peer_figure="held",
    ),
    Row(
        name="check-files",
        title="  with images given as files",
        experiment="check-large",
        figure="files",
        unit="memcpy",
        limit=0.1,
        limits="value",
        peer="pattern",
        peer_figure="held",
    ),
    Row(
        name="header",
        title="header of a 10 MB image in Base64",
        experiment="headers",
        figure="header_ms",
        unit="ms",
        limit=0.2,
        limits="value",
        peer="decoding",
    ),
    Row(name="import", title="import, over bare Python", experiment="importing", figure="cpu_ms", unit="ms", limit=0.1),
    Row(
        name="build",
        title="build, check, serialise, fresh process",
        experiment="building",
        figure="cpu_ms",
        unit="ms",
        limit=0.6,
    ),
    Row(name="small", title="small create, CPU", experiment="small", figure="cpu_us", unit="us", limit=0.8),
    Row(
        name="small-in-process",
        title="  without sockets",
        experiment="small-in-process",
        figure="cpu_us",
        unit="us",
        limit=0.6,
    ),
    Row(
        name="check-small",
        title="check of a small body",
        experiment="check-small",
        figure="check_us",
        unit="us",
        limit=15,
        limits="value",
        peer="python-jsonschema",
    ),
    Row(
        name="mock",
        title="mock server, creates, 16 connections",
        experiment="mock",
        figure="answers_per_second",
        unit="/s",
        limit=5,
        more_is_better=True,
        peer="Prism",
    ),
    Row(name="gen", title="make gen", experiment="generating", figure="wall_ms", unit="ms", limit=1),
    Row(
        name="cases",
        title="contract tests, generated cases",
        experiment="cases",
        figure="cases_per_second",
        unit="/s",
        limit=0.8,
        more_is_better=True,
        peer="Schemathesis",
    ),
    Row(
        name="growth",
        title="cost of a create, 1 to 40 MB: exponent",
        experiment="growth",
        figure="exponent",
        unit="",
        limit=1.1,
        limits="value",
        is_cost=False,
    ),
)
