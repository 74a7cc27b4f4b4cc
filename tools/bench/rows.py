"""The rows of the table: what is told of the experiments, and what is aimed at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tools.bench.experiments import STOCK


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
        title="event loop blocked at a time, async",
        experiment="sending-async",
        figure="blocked_ms",
        unit="ms",
        limit=15,
        limits="value",
    ),
    Row(
        name="memory-sync",
        title="peak memory of that, sync",
        experiment="sending-sync",
        figure="peak",
        unit="x body",
        limit=0.05,
        limits="value",
    ),
    Row(
        name="memory-async",
        title="peak memory of that, async",
        experiment="sending-async",
        figure="peak",
        unit="x body",
        limit=0.05,
        limits="value",
    ),
    Row(name="files-tls", title=f"{_FILES}, TLS", experiment="sending-tls", figure="wall_ms", unit="ms", limit=0.25),
    Row(
        name="memory-tls",
        title="peak memory of that, TLS",
        experiment="sending-tls",
        figure="peak",
        unit="x body",
        limit=0.05,
        limits="value",
    ),
    Row(
        name="check-held",
        title="check of 56 MB in memory",
        experiment="check-large",
        figure="held",
        unit="x memcpy",
        limit=2.5,
        limits="value",
        peer="regular expression",
    ),
    Row(
        name="check-encoded",
        title="check of 56 MB that the client encoded",
        experiment="check-large",
        figure="encoded",
        unit="x memcpy",
        limit=0.1,
        limits="value",
        peer="regular expression",
        peer_figure="held",
    ),
    Row(
        name="check-files",
        title="check of 4 image files of 10 MB",
        experiment="check-large",
        figure="files",
        unit="x memcpy",
        limit=0.1,
        limits="value",
        peer="regular expression",
        peer_figure="held",
    ),
    Row(
        name="header",
        title="image header, 10 MB in Base64",
        experiment="headers",
        figure="header_ms",
        unit="ms",
        limit=0.2,
        limits="value",
        peer="decoding all",
    ),
    Row(name="import", title="import of the client", experiment="importing", figure="cpu_ms", unit="ms", limit=0.1),
    Row(
        name="build",
        title="first request built, checked, written",
        experiment="building",
        figure="cpu_ms",
        unit="ms",
        limit=0.6,
    ),
    Row(name="small", title="small create on loopback, CPU", experiment="small", figure="cpu_us", unit="us", limit=0.8),
    Row(
        name="small-in-process",
        title="small create in process, CPU",
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
        title="mock server, checked creates",
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
        title="generated cases, judged",
        experiment="cases",
        figure="cases_per_second",
        unit="/s",
        limit=0.8,
        more_is_better=True,
        peer="Schemathesis alone",
    ),
    Row(
        name="growth",
        title="growth from 1 to 40 MB, exponent",
        experiment="growth",
        figure="exponent",
        unit="",
        limit=1.1,
        limits="value",
        is_cost=False,
    ),
)
