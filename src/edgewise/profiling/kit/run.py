"""Times the networks of this kit on this device: `python run.py`. Needs Python 3.8, numpy and onnxruntime.

This file is copied into every kit and stands alone: it imports nothing of edgewise, and nothing newer than Python 3.8.
What is measured is appended to a journal, one line of JSON with a checksum each, so that the same command goes on where
it was stopped, in whatever way; the result is written from the journal, whole or not at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KIT, RESULT, VERSION = "edgewise kit", "edgewise kit result", 1

BLOCK_NS, FEWEST, MOST = 25e6, 3, 200
TRACE_NS, TRACED_MOST, UNTIMED = 0.5e9, 20, 3
AGAIN, PAUSE = 2, 0.1
SYNC_SECONDS = 3.0
COARSE_SECONDS = 1e-4
TOLERATED_SHARE, TOLERATED_CORES, TOLERATED_PART = 0.03, 0.5, 0.1
DEATHS = 2
KERNEL = "_kernel_time"


class RefusalError(Exception):
    """What the person who runs the kit has to know, as a sentence."""


def canonical(content: Any) -> str:
    """JSON's types as the text that checksums and digests are taken of."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def digest_of(content: Any) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    temporary = path.with_name("." + path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, once its own digest and those of all files hold."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RefusalError(f"the kit has no readable manifest.json ({error}); unpack it again") from None
    if not isinstance(manifest, dict) or manifest.get("format") != KIT or manifest.get("version") != VERSION:
        raise RefusalError("manifest.json is not that of a kit that this run.py runs; unpack the kit again")
    if digest_of({name: value for name, value in manifest.items() if name != "digest"}) != manifest.get("digest"):
        raise RefusalError("manifest.json is damaged; unpack the kit again")
    for item in manifest["items"]:
        sha = hashlib.sha256()
        try:
            with (folder / item["file"]).open("rb") as file:
                for part in iter(lambda: file.read(1 << 20), b""):
                    sha.update(part)
        except OSError as error:
            raise RefusalError(f"{item['file']} cannot be read ({error.strerror}); unpack the kit again") from None
        if sha.hexdigest() != item["sha256"]:
            raise RefusalError(f"{item['file']} is damaged; unpack the kit again")
    return manifest


def or_none(ask: Callable[[], Any]) -> Any:
    """What `ask` answers, None where this system lacks the call or the answer."""
    try:
        return ask()
    except (AttributeError, OSError, ValueError, IndexError, KeyError, ZeroDivisionError, subprocess.SubprocessError):
        return None


def first_line(path: str) -> str | None:
    """The first line of a file, None where there is none."""
    return or_none(lambda: Path(path).read_text(errors="replace").replace("\0", "").splitlines()[0].strip() or None)


def cpu_model() -> str | None:
    if platform.system() == "Darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        asked = or_none(lambda: subprocess.run(command, stdout=subprocess.PIPE, timeout=5, check=True).stdout.decode())
        return (asked or "").strip() or None
    if platform.system() != "Linux":
        return platform.processor() or None
    lines = (or_none(lambda: Path("/proc/cpuinfo").read_text(errors="replace")) or "").splitlines()
    entries = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    named = entries.get("model name") or entries.get("Hardware") or entries.get("Model")
    if named and "cpu family" in entries and "model" in entries:
        return f"{named} (family {entries['cpu family']}, model {entries['model']})"
    return named or first_line("/proc/device-tree/model")


def os_name() -> str:
    named = None
    if platform.system() == "Linux":
        text = next(filter(None, (read_text(path) for path in ("/etc/os-release", "/usr/lib/os-release"))), "")
        fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
        named = fields.get("PRETTY_NAME", "").strip().strip("\"'")
    return named or f"{platform.system()} {platform.version()}".strip()


def read_text(path: str) -> str | None:
    return or_none(lambda: Path(path).read_text(errors="replace"))


def core_quota() -> float | None:
    words = (first_line("/sys/fs/cgroup/cpu.max") or "max").split()
    return None if words[0] == "max" else or_none(lambda: int(words[0]) / int(words[1]))


def describe_machine() -> dict[str, Any]:
    """The machine in the fields that edgewise describes machines in."""
    import onnxruntime

    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "cpu": cpu_model(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "usable_cores": os.cpu_count() if affinity is None else len(affinity(0)),
        "core_quota": core_quota(),
        "memory_bytes": or_none(lambda: os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
        "os": os_name(),
        "kernel": platform.release(),
        "governor": first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "load": or_none(lambda: list(os.getloadavg())),
        "python": platform.python_version(),
        "runtime": "onnxruntime",
        "runtime_version": onnxruntime.__version__,
    }


class Journal:
    """What was measured, line by line, with a checksum each; lines that were torn are dropped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.synced = time.monotonic()
        self.lines: list[dict[str, Any]] = []
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        written = text.splitlines()
        for one in written:
            line = checked(one)
            if line is not None:
                self.lines.append(line)
        if len(self.lines) < len(written) or not text.endswith("\n"):
            write_whole(path, "".join(with_check(line) for line in self.lines))
        self.file = path.open("a", encoding="utf-8")

    def append(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        self.file.write(with_check(line))
        self.file.flush()
        # What is flushed outlives this process; only a loss of power takes what was not synced.
        if time.monotonic() - self.synced > SYNC_SECONDS:
            os.fsync(self.file.fileno())
            self.synced = time.monotonic()

    def close(self) -> None:
        os.fsync(self.file.fileno())
        self.file.close()


def with_check(line: dict[str, Any]) -> str:
    return canonical({"crc32": zlib.crc32(canonical(line).encode()), "line": line}) + "\n"


def checked(text: str) -> dict[str, Any] | None:
    """The line that `with_check` wrote, None where it is damaged."""
    try:
        body = json.loads(text)
        good = zlib.crc32(canonical(body["line"]).encode()) == body["crc32"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return body["line"] if good and isinstance(body["line"], dict) else None


class Record:
    """The journal, sorted: what is done of every item."""

    def __init__(self, journal: Journal, manifest: dict[str, Any], threads: int) -> None:
        self.journal = journal
        self.blocks: dict[str, dict[int, Any]] = {item["file"]: {} for item in manifest["items"]}
        self.traces: dict[str, dict[int, Any]] = {item["file"]: {} for item in manifest["items"]}
        self.failed: dict[str, str] = {}
        machine = describe_machine()
        if not journal.lines:
            journal.append(
                {
                    "what": "start",
                    "kit": manifest["digest"],
                    "run": uuid.uuid4().hex,
                    "threads": threads,
                    "machine": machine,
                }
            )
        self.head = journal.lines[0]
        self.check(manifest, threads, machine)
        deaths: dict[str, int] = {}
        last = None
        for line in journal.lines:
            if line["what"] == "trying":
                deaths[line["item"]] = deaths.get(line["item"], 0) + 1
            elif last is not None and last["what"] == "trying":
                deaths[last["item"]] = 0  # it came through
            self.take(line)
            last = line
        for item, times in deaths.items():
            if times >= DEATHS and item not in self.failed:
                self.add({"what": "failed", "item": item, "message": f"it ended this program {times} times"})

    def check(self, manifest: dict[str, Any], threads: int, machine: dict[str, Any]) -> None:
        """The journal must be of this kit, machine, runtime and number of threads."""
        head, mend = self.head, f"remove {self.journal.path} or choose another --out"
        if head.get("what") != "start" or head["kit"] != manifest["digest"]:
            raise RefusalError(f"{self.journal.path} is not of this kit; {mend}")
        for name in ("cpu", "architecture", "cores", "runtime_version"):
            if head["machine"][name] != machine[name]:
                known, what = head["machine"][name], name.replace("_", " ")
                raise RefusalError(
                    f"what is measured so far is of the {what} {known} and this machine has {machine[name]}; {mend}"
                )
        if head["threads"] != threads:
            raise RefusalError(f"what is measured so far is on --threads {head['threads']}; give the same, or {mend}")

    def take(self, line: dict[str, Any]) -> None:
        item = line.get("item", "")
        if line["what"] == "failed":
            self.failed[item] = line["message"]
        elif line["what"] in ("block", "trace"):
            kept = (self.blocks if line["what"] == "block" else self.traces)[item]
            kept[line["round"]] = {name: value for name, value in line.items() if name not in ("what", "item")}

    def add(self, line: dict[str, Any]) -> None:
        self.journal.append(line)
        self.take(line)

    def result(self, manifest: dict[str, Any], complete: bool) -> dict[str, Any]:
        items = {
            file: {
                "blocks": [self.blocks[file][number] for number in sorted(self.blocks[file])],
                "traces": [self.traces[file][number] for number in sorted(self.traces[file])],
                "failed": self.failed.get(file),
            }
            for file in self.blocks
        }
        body = {
            "format": RESULT,
            "version": VERSION,
            "kit": manifest["digest"],
            "run": self.head["run"],
            "threads": self.head["threads"],
            "machine": self.head["machine"],
            "complete": complete,
            "manifest": manifest,
            "items": items,
        }
        return dict(body, sha256=digest_of(body))


class Bench:
    """The files of the kit, loaded; as many as fit into a quarter of the memory stay."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder, self.threads = folder, threads
        memory = or_none(lambda: os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        self.room = (memory or 2 << 30) // 4
        self.kept: dict[str, Callable[[], None]] = {}
        self.iterations: dict[str, int] = {}
        self.measured = self.repeated = 0

    def options(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        # Threads that spin take the cores from everything else on the device, and from each other.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        return options

    def load(self, item: dict[str, Any], options: Any) -> Any:
        import onnxruntime

        path = str(self.folder / item["file"])
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def feed(self, item: dict[str, Any]) -> dict[str, Any]:
        import numpy

        taken = item["input"]
        values = numpy.random.default_rng(0).standard_normal(taken["shape"], dtype=numpy.float32)
        return {taken["name"]: values.astype(taken["dtype"])}

    def runner(self, item: dict[str, Any]) -> Callable[[], None]:
        """A call that makes one inference."""
        file = item["file"]
        if file in self.kept:
            return self.kept[file]
        session, feed = self.load(item, self.options()), self.feed(item)

        def run() -> None:
            session.run(None, feed)

        needed = 3 * item["bytes"] + (8 << 20)
        if needed <= self.room:
            self.room -= needed
            self.kept[file] = run
        run()
        start = time.perf_counter_ns()
        run()
        spent = max(time.perf_counter_ns() - start, 1)
        self.iterations.setdefault(file, int(min(max(BLOCK_NS / spent, FEWEST), MOST)))
        return run

    def time(self, item: dict[str, Any]) -> dict[str, Any]:
        """The least disturbed of up to three blocks of inferences."""
        run = self.runner(item)
        best = timed(run, self.iterations[item["file"]])
        self.measured += 1
        for attempt in range(AGAIN):
            # On a machine that is always busy there is no quiet moment to wait for.
            if (disturbance(best, self.threads) or 0) <= 1 or self.repeated > self.measured / 2:
                break
            time.sleep(PAUSE * (attempt + 1))
            self.repeated += 1
            again = timed(run, self.iterations[item["file"]])
            best = min(best, again, key=lambda block: disturbance(block, self.threads) or 0)
        return best

    def trace(self, item: dict[str, Any]) -> list[Any]:
        """The time of every kernel in µs, in order, in each of some inferences: [name, [µs, …]]."""
        once = BLOCK_NS / self.iterations.get(item["file"], MOST)
        number = int(min(max(TRACE_NS / once, FEWEST), TRACED_MOST))
        with tempfile.TemporaryDirectory() as folder:
            options = self.options()
            options.enable_profiling = True
            options.profile_file_prefix = str(Path(folder) / "profile")
            session, feed = self.load(item, options), self.feed(item)
            for _ in range(UNTIMED + number):
                session.run(None, feed)
            events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
        return kernels(events, number)


def kernels(events: list[dict[str, Any]], iterations: int) -> list[Any]:
    """The kernels of ONNX Runtime's profile in order; an inference begins where the first comes again."""
    found = [one for one in events if one.get("cat") == "Node" and str(one.get("name")).endswith(KERNEL)]
    found.sort(key=lambda event: event["ts"])
    count = len(found) // (UNTIMED + iterations)
    if not count or len(found) % count:
        raise ValueError("onnxruntime's profile is not whole inferences")
    return [
        [found[first]["name"][: -len(KERNEL)], [event["dur"] for event in found[UNTIMED * count + first :: count]]]
        for first in range(count)
    ]


def timed(run: Callable[[], None], iterations: int) -> dict[str, Any]:
    """One block: wall time and this thread's CPU time of every inference, and what the system knows of disturbances."""
    wall, cpu = time.perf_counter_ns, time.thread_time_ns
    walls, cpus = [], []
    began, own, busy = wall(), time.process_time_ns(), busy_ns()
    run()
    waited, switched = waited_ns(), switches()
    for _ in range(iterations):
        cpu_start = cpu()
        start = wall()
        run()
        end = wall()
        cpus.append(cpu() - cpu_start)
        walls.append(end - start)
    waited_after, switched_after, busy_after = waited_ns(), switches(), busy_ns()
    others = None
    if busy is not None and busy_after is not None:
        others = max(busy_after - busy - (time.process_time_ns() - own), 0) / (wall() - began)
    return {
        "wall_ns": walls,
        "cpu_ns": cpus if time.get_clock_info("thread_time").resolution <= COARSE_SECONDS else [],
        "waited_ns": None if waited is None or waited_after is None else waited_after - waited,
        "switches": None if switched is None or switched_after is None else switched_after - switched,
        "others": others,
    }


def waited_ns() -> int | None:
    return or_none(lambda: sum(int(one.read_text().split()[1]) for one in Path("/proc/self/task").glob("*/schedstat")))


def busy_ns() -> int | None:
    ticks = (first_line("/proc/stat") or "").split()[1:]
    return or_none(lambda: sum(int(ticks[i]) for i in (0, 1, 2, 5, 6)) * (10**9 // os.sysconf("SC_CLK_TCK")))


def switches() -> int | None:
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def median(values: list[int]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def disturbance(block: dict[str, Any], threads: int) -> float | None:
    """How disturbed a block was by other work, in multiples of what is tolerated; None where nobody can tell."""
    walls, cpus = block["wall_ns"], block["cpu_ns"]
    shares = []
    if threads == 1 and cpus:
        undivided = any(walls[i] <= cpus[i] * (1 + TOLERATED_SHARE) for i in range(len(cpus)))
        held_up = 0.0 if undivided else max(median(walls) / max(median(cpus), 1) - 1, 0.0)
        shares.append(held_up / TOLERATED_SHARE)
    elif block["waited_ns"] is not None:
        shares.append(block["waited_ns"] / max(sum(walls), 1) / TOLERATED_SHARE)
    elif block["switches"] is not None:
        shares.append(2 * block["switches"] / len(walls))
    if block["others"] is not None:
        shares.append(block["others"] / max(TOLERATED_CORES, TOLERATED_PART * (os.cpu_count() or 1)))
    return max(shares) if shares else None


def steps(manifest: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, int]]:
    """Everything there is to do, in order: (item, "block" or "trace", round). Rounds go over all items, each in an
    order of its own, so that what changes on the device meanwhile happens to all of them."""
    plan = manifest["plan"]
    for number in range(max(plan["network_rounds"], plan["block_rounds"])):
        due = [one for one in manifest["items"] if number < plan[one["kind"] + "_rounds"]]
        for item in random.Random(number).sample(due, len(due)):
            yield item, "block", number
            if item["kind"] == "network" and number < plan["traced_rounds"]:
                yield item, "trace", number


def measure(manifest: dict[str, Any], record: Record, bench: Bench, deadline: float | None) -> bool:
    """Does what is left to do until the deadline; whether all is done."""
    everything = list(steps(manifest))
    tried: set[tuple[str, str]] = set()
    began, worked = time.monotonic(), 0
    for done, (item, what, number) in enumerate(everything):
        file = item["file"]
        if file in record.failed or number in (record.blocks if what == "block" else record.traces)[file]:
            continue
        if deadline is not None and time.monotonic() >= deadline:
            return False
        tell(done, len(everything), worked, time.monotonic() - began, file)
        if (file, what) not in tried:
            # Where this is the last line of the journal, the item took this program with it.
            record.add({"what": "trying", "item": file})
            tried.add((file, what))
        try:
            found = bench.time(item) if what == "block" else {"kernels": bench.trace(item)}
        except Exception as error:
            message = (str(error).strip().splitlines() or [""])[0][:500]
            record.add({"what": "failed", "item": file, "message": f"{type(error).__name__}: {message}"})
            continue
        record.add(dict(found, what=what, item=file, round=number))
        worked += 1
    return True


def tell(done: int, total: int, worked: int, seconds: float, file: str) -> None:
    if sys.stderr.isatty():
        minutes = seconds / max(worked, 1) * (total - done) / 60 + 0.5
        left = f" about {minutes:.0f} minutes left," if worked >= 20 else ""
        print(f"\r{done} of {total},{left} {file}", end="\x1b[K", file=sys.stderr, flush=True)


def arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Times the networks of this kit on this device.")
    parser.add_argument("--threads", type=int, default=1, help="threads of onnxruntime (default: 1)")
    parser.add_argument("--out", type=Path, default=Path("result.json"), help="the file to send back")
    parser.add_argument("--minutes", type=float, default=None, help="stop after so many; run again to go on")
    asked = parser.parse_args(given)
    if asked.threads < 1:
        parser.error("--threads must be 1 or more")
    return asked


def stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main(given: list[str] | None = None) -> int:
    asked = arguments(given)
    signal.signal(signal.SIGTERM, stop)
    try:
        import numpy  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        print(f"{error.name} is missing; install it with: pip install onnxruntime numpy", file=sys.stderr)
        return 1
    deadline = None if asked.minutes is None else time.monotonic() + 60 * asked.minutes
    folder = Path(__file__).resolve().parent
    journal = None
    try:
        manifest = read_manifest(folder)
        journal = Journal(asked.out.with_name(asked.out.name + ".journal"))
        return run_on(manifest, Record(journal, manifest, asked.threads), Bench(folder, asked.threads), deadline, asked)
    except (RefusalError, OSError) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before there was anything to keep
        return 130
    finally:
        if journal is not None:
            journal.close()


def run_on(
    manifest: dict[str, Any], record: Record, bench: Bench, deadline: float | None, asked: argparse.Namespace
) -> int:
    """Measures, and writes the result however that ends."""
    complete, ended = False, "the time is up"
    try:
        complete = measure(manifest, record, bench, deadline)
    except KeyboardInterrupt:
        ended = "stopped"
        record.add({"what": "stopped"})
    if sys.stderr.isatty():
        print("\r", end="\x1b[K", file=sys.stderr)
    write_whole(asked.out, canonical(record.result(manifest, complete)) + "\n")
    for file in sorted(record.failed):
        print(f"{file} failed: {record.failed[file]}")
    if complete:
        print(f"done; send back {asked.out}")
    else:
        print(f"{ended}; the same command goes on. What there is so far: {asked.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
