"""Two processes on one search against one: trials an hour, and whether the archives are the same.

Eighteen networks of MobileNetV3's space, at a quarter of its width, are trained shortly on the built-in digits: by one
process with one worker, and by two processes with one worker each, started in the same moment with the same command.
One after the other, again and again. What counts is how long the trials took, without the latency table before them,
which is measured once, before all else.

    python benchmarks/search_workers.py                       about 20 minutes on two cores

Writes benchmarks/results/search_workers.json after every round, or what --out names.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.devices import describe_machine
from edgewise.files import write_text
from edgewise.searching.archive import Trial, read_archive
from edgewise.version import VERSION

RESULTS = Path(__file__).parent / "results" / "search_workers.json"

TRIALS = 18
"""The first ten are a batch, and so are four and four: none is cut short."""

SEARCH = (
    *("search", "--space", "mobilenet_v3", "--width", "0.25", "--data", "digits", "--budget", "2ms"),
    *("--evaluator", "proxy", "--proxy-epochs", "3", "--proxy-precision", "fp32", "--finish", "0", "--workers", "1"),
)


def begin(out: Path, trials: int, device: Path | None) -> subprocess.Popen[bytes]:
    options = ["--trials", str(trials), "--out", str(out), *([] if device is None else ["--device", str(device)])]
    return subprocess.Popen(
        [sys.executable, "-m", "edgewise", *SEARCH, *options], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )


def finished(processes: list[subprocess.Popen[bytes]]) -> None:
    for one in processes:
        if one.wait():
            raise SystemExit("a search failed; run `edgewise " + " ".join(SEARCH) + "` to see why")


def searched(out: Path, device: Path, processes: int) -> tuple[float, list[Trial]]:
    """The seconds that the trials of a search took, and the trials."""
    finished([begin(out, TRIALS, device) for _ in range(processes)])
    return float(json.loads((out / "seconds.json").read_text())["seconds"]), read_archive(out)


def write(path: Path, seconds: dict[str, list[float]], archives: list[list[Trial]]) -> None:
    """What is known after some rounds."""
    report = {
        "benchmark": "search_workers",
        "edgewise": VERSION,
        "quick": len(seconds["two"]) < 3,
        "machine": describe_machine().to_json(),
        "command": f"edgewise {' '.join(SEARCH)} --trials {TRIALS}",
        "trials": TRIALS,
        "seconds": seconds,
        "ratios": [one / two for one, two in zip(seconds["one"], seconds["two"], strict=True)],
        "same_archive": all(one == archives[0] for one in archives),
    }
    write_text(path, json.dumps(report, indent=1, allow_nan=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    seconds: dict[str, list[float]] = {"one": [], "two": []}
    archives: list[list[Trial]] = []
    with TemporaryDirectory() as folder:
        # All searches are for the latencies of one table: what is proposed depends on them.
        first = Path(folder) / "table"
        finished([begin(first, 1, None)])
        for number in range(asked.rounds):
            for processes, name in enumerate(seconds, 1):
                took, trials = searched(Path(folder) / f"{name}-{number}", first / "device.json", processes)
                seconds[name].append(took)
                archives.append(trials)
                print(f"round {number + 1}, {name}: {took:.1f} s", flush=True)
            write(asked.out, seconds, archives)
    print(f"written to {asked.out}")


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main()
