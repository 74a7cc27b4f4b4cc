"""The rows of the table: which figure of which experiment each one shows, and its target."""

from __future__ import annotations

from dataclasses import dataclass

from tools.bench.experiments import STOCK

_UNITS = {
    **dict.fromkeys(("wall_ms", "cpu_ms", "blocked_ms", "header_ms"), "ms"),
    **dict.fromkeys(("cpu_us", "check_us"), "us"),
    **dict.fromkeys(("held", "encoded", "files"), "x memcpy"),
    **dict.fromkeys(("responses_per_second", "cases_per_second"), "/s"),
    "peak": "x body",
    "exponent": "",
}


@dataclass(frozen=True, kw_only=True)
class BenchRow:
    """A line of the table.

    Attributes:
        name: Its name, as in `--only`.
        title: A description of the measurement.
        experiment: The experiment that measures its figures.
        figure: The name of the figure.
        ratio: The target for our figure divided by the peer's, or None if there is none.
        value: The target for our own figure, or None if there is none.
        more_is_better: Whether a higher figure is better.
        peer: The side to compare with.
        peer_figure: The name of the peer's figure, if it differs.
    """

    name: str
    title: str
    experiment: str
    figure: str
    ratio: float | None = None
    value: float | None = None
    more_is_better: bool = False
    peer: str = STOCK
    peer_figure: str | None = None

    @property
    def unit(self) -> str:
        """The unit of the figure."""
        return _UNITS[self.figure]

    @property
    def target(self) -> str:
        """The target, in words."""
        sign = ">=" if self.more_is_better else "<="
        return f"{sign} {self.ratio:g}" if self.value is None else f"{sign} {self.value:g} {self.unit}"

    def is_met(self, ours: float, ratio: float | None) -> bool | None:
        """Return whether the target is met, or None if it needs a peer that was not measured."""
        result, limit = (ratio, self.ratio) if self.value is None else (ours, self.value)
        if result is None or limit is None:
            return None
        return result >= limit if self.more_is_better else result <= limit


_FILES = "4 images of 10 MB, files to response"
_REGEX = "regular expression"
ROWS = (
    BenchRow(name="files-sync", title=f"{_FILES}, sync", experiment="sending-sync", figure="wall_ms", ratio=0.12),
    BenchRow(name="files-async", title=f"{_FILES}, async", experiment="sending-async", figure="wall_ms", ratio=0.15),
    BenchRow(
        name="blocked",
        title="longest block of the event loop, async",
        experiment="sending-async",
        figure="blocked_ms",
        value=15,
    ),
    BenchRow(
        name="memory-sync",
        title="peak memory for the same upload, sync",
        experiment="sending-sync",
        figure="peak",
        value=0.05,
    ),
    BenchRow(
        name="memory-async",
        title="peak memory for the same upload, async",
        experiment="sending-async",
        figure="peak",
        value=0.05,
    ),
    BenchRow(name="files-tls", title=f"{_FILES}, TLS", experiment="sending-tls", figure="wall_ms", ratio=0.25),
    BenchRow(
        name="memory-tls",
        title="peak memory for the same upload, TLS",
        experiment="sending-tls",
        figure="peak",
        value=0.05,
    ),
    BenchRow(
        name="check-held",
        title="check of 56 MB in memory",
        experiment="check-large",
        figure="held",
        value=2.5,
        peer=_REGEX,
    ),
    BenchRow(
        name="check-encoded",
        title="check of 56 MB that the client encoded",
        experiment="check-large",
        figure="encoded",
        value=0.1,
        peer=_REGEX,
        peer_figure="held",
    ),
    BenchRow(
        name="check-files",
        title="check of 4 image files of 10 MB",
        experiment="check-large",
        figure="files",
        value=0.1,
        peer=_REGEX,
        peer_figure="held",
    ),
    BenchRow(
        name="header",
        title="image header, 10 MB in Base64",
        experiment="headers",
        figure="header_ms",
        value=0.2,
        peer="decoding all",
    ),
    BenchRow(name="import", title="import of the client", experiment="importing", figure="cpu_ms", ratio=0.1),
    BenchRow(name="start", title="start of the command line", experiment="starting", figure="wall_ms", value=250),
    BenchRow(
        name="build", title="first request built, checked, written", experiment="building", figure="cpu_ms", ratio=0.6
    ),
    BenchRow(name="small", title="small create on loopback, CPU", experiment="small", figure="cpu_us", ratio=0.8),
    BenchRow(
        name="small-in-process",
        title="small create in process, CPU",
        experiment="small-in-process",
        figure="cpu_us",
        ratio=0.6,
    ),
    BenchRow(
        name="check-small",
        title="check of a small body",
        experiment="check-small",
        figure="check_us",
        value=15,
        peer="python-jsonschema",
    ),
    BenchRow(
        name="mock",
        title="mock server, checked creates",
        experiment="mock",
        figure="responses_per_second",
        ratio=5,
        more_is_better=True,
        peer="Prism",
    ),
    BenchRow(name="gen", title="make gen", experiment="generating", figure="wall_ms", ratio=1),
    BenchRow(
        name="cases",
        title="generated cases, checked",
        experiment="cases",
        figure="cases_per_second",
        ratio=0.8,
        more_is_better=True,
        peer="only Schemathesis",
    ),
    BenchRow(
        name="growth", title="growth from 1 to 40 MB, exponent", experiment="growth", figure="exponent", value=1.1
    ),
)
