"""Call a mock server from two clients for minutes, and watch the memory of all three processes: `make soak`.

The server keeps its elements in a file, which may grow. The memory of a process may not grow with the number of
requests. The first minute doesn't count, because caches and pools fill.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.spec import ROOT
from tools.bench import pictures
from tools.bench.processes import BenchError, answering, environment, mock_server
from tools.bench.programs.figures import memory_of

_MIB = 1024 * 1024
_IMAGE_BYTES = 300_000
_REQUESTS_PER_ROUND = 6
_MIN_MINUTES = 3
_MAX_EXIT_SECONDS = 60  # for a client to end by itself

Memory = Mapping[str, list[int]]


def growth(samples: Sequence[int], samples_per_minute: int) -> int:
    """Return by how many bytes the last minute's median exceeds that of the second minute."""
    second, last = samples[samples_per_minute : 2 * samples_per_minute], samples[-samples_per_minute:]
    return round(statistics.median(last) - statistics.median(second))


def summary(memory: Memory, samples_per_minute: int, max_growth: int) -> tuple[list[str], bool]:
    """Return the memory of each process by the minute in MiB, and whether each stayed within the maximum growth."""
    lines, is_flat = [], True
    for name, samples in memory.items():
        minutes = range(0, len(samples) - samples_per_minute + 1, samples_per_minute)
        medians = (statistics.median(samples[start : start + samples_per_minute]) / _MIB for start in minutes)
        grown = growth(samples, samples_per_minute)
        is_flat &= grown <= max_growth
        verdict = "flat" if grown <= max_growth else f"GROWS by more than {max_growth / _MIB:g} MiB"
        by_minute = " ".join(f"{median:.1f}" for median in medians)
        lines.append(f"{name:12}  {by_minute}  after the first minute {grown / _MIB:+.2f} MiB: {verdict}")
    return lines, is_flat


@contextmanager
def _caller(settings: Mapping[str, object]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tools.bench.programs.calling", json.dumps(settings)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=pipe, stderr=pipe, text=True) as caller:
        try:
            yield caller
        finally:
            caller.kill()


def soak(seconds: float, rounds_per_second: float, samples: int) -> tuple[Memory, int]:
    """Return the memory of the three processes in bytes, and the number of requests made.

    Args:
        seconds: How long to call the server.
        rounds_per_second: The pace of each client, in rounds of six requests.
        samples: How often to sample the memory.

    Raises:
        BenchError: The server did not start, or a client failed.
    """
    memory: dict[str, list[int]] = {"mock server": [], "sync client": [], "async client": []}
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        receiver = stack.enter_context(answering())
        options = ("--tick", "0.001", "--state", str(scratch / "state.sqlite"))
        port, server = stack.enter_context(mock_server(*options))
        settings = {
            "url": f"http://127.0.0.1:{port}",
            "callback_url": f"http://127.0.0.1:{receiver}/",
            "image": str(pictures.write_png(scratch / "image.png", _IMAGE_BYTES)),
            "seconds": seconds,
            "rounds_per_second": rounds_per_second,
        }
        callers = [stack.enter_context(_caller({**settings, "mode": mode})) for mode in ("sync", "async")]
        watched = dict(zip(memory, [server, *(caller.pid for caller in callers)], strict=True))
        started = time.monotonic()
        for number in range(samples):
            time.sleep(max(started + (number + 1) * seconds / (samples + 1) - time.monotonic(), 0))
            if any(caller.poll() is not None for caller in callers):
                break
            for name, process in watched.items():
                memory[name].append(memory_of(process))
        ended = [caller.communicate(timeout=_MAX_EXIT_SECONDS) for caller in callers]
    for _, error in ended:
        if error:
            raise BenchError(f"a client failed: {error.strip().splitlines()[-1]}")
    return memory, sum(json.loads(output)["rounds"] for output, _ in ended) * _REQUESTS_PER_ROUND


def main(arguments: Sequence[str] | None = None, *, samples_per_minute: int = 60, minute_seconds: float = 60) -> int:
    """Run the command and return the exit code: 1 if memory grows or a call fails."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=10, help="how many minutes to call the server")
    parser.add_argument("--rounds", type=float, default=10, help="rounds of six requests per second and client")
    parser.add_argument("--max-mib", type=float, default=2, help="how much a process may grow after the first minute")
    options = parser.parse_args(arguments)
    if options.minutes < _MIN_MINUTES:
        parser.error(f"--minutes must be at least {_MIN_MINUTES}, because the last is compared with the second")
    if options.rounds <= 0:
        parser.error("--rounds must be more than 0")
    print(f"two clients call a mock server for {options.minutes} minutes", flush=True)
    samples = options.minutes * samples_per_minute
    try:
        memory, requests = soak(options.minutes * minute_seconds, options.rounds, samples)
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    lines, is_flat = summary(memory, samples_per_minute, int(options.max_mib * _MIB))
    print(f"{requests:,} requests; median memory of each process by the minute, in MiB:", *lines, sep="\n")
    return int(not is_flat)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
