"""The kit's `run.py`: alone on the device, stopped in every way, and going on."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running_a_kit import NETWORKS, Ran, chain, finish, start, unpacked

from edgewise.deploy import build, random_tensors
from edgewise.devices import describe_machine
from edgewise.devices.blocks import Block
from edgewise.devices.runtimes.onnxruntime import OnnxRuntime
from edgewise.profiling.kit import make_kit, manifest
from edgewise.profiling.kit import run as module

SOURCE = Path(module.__file__)
NANOSECONDS = st.integers(1, 10**9)


def test_the_file_is_one_that_python_3_8_reads() -> None:
    tree = ast.parse(SOURCE.read_text(), feature_version=(3, 8))
    for node in ast.walk(tree):
        # Since 3.12 strings inside an f-string may have its own quotes, which `feature_version` does not tell.
        if isinstance(node, ast.JoinedStr):
            text = ast.get_source_segment(SOURCE.read_text(), node) or ""
            quote = text.lstrip("rfRF")[0]
            assert text.count(quote) == 2, text


def test_the_file_needs_nothing_but_numpy_and_onnxruntime() -> None:
    tree = ast.parse(SOURCE.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert others == {"numpy", "onnxruntime"}


def test_a_killed_run_goes_on_and_has_everything_once(ran: Ran) -> None:
    result = json.loads(ran.result.read_text())
    assert result["complete"] is True
    assert result["items"].keys() == {item["file"] for item in result["manifest"]["items"]}
    plan = result["manifest"]["plan"]
    for item in result["manifest"]["items"]:
        measured = result["items"][item["file"]]
        traced = plan["traced_rounds"] if item["kind"] == "network" else 0
        assert [one["round"] for one in measured["blocks"]] == list(range(plan[f"{item['kind']}_rounds"]))
        assert [one["round"] for one in measured["traces"]] == list(range(traced))
        assert measured["failed"] is None


def test_what_was_measured_before_the_kill_is_kept(ran: Ran) -> None:
    lines = [module.checked(line) for line in ran.torn.splitlines()]
    assert lines[-1] is None  # the torn one
    before = [line for line in lines if line is not None and line["what"] == "block"]
    assert len(before) >= 20
    items = json.loads(ran.result.read_text())["items"]
    for line in before:
        again = next(one for one in items[line["item"]]["blocks"] if one["round"] == line["round"])
        assert again["wall_ns"] == line["wall_ns"]


def test_every_line_of_the_journal_is_whole_in_the_end(ran: Ran) -> None:
    lines = [module.checked(line) for line in ran.journal.read_text().splitlines()]
    assert None not in lines
    done = [(line["what"], line["item"], line["round"]) for line in lines if line and "round" in line]
    assert len(set(done)) == len(done)


def test_running_a_finished_kit_again_measures_nothing(ran: Ran) -> None:
    before = ran.result.read_bytes()
    status, _ = finish(start(ran.run, ran.result))
    assert status == 0
    assert ran.result.read_bytes() == before


def test_times_are_those_of_inferences(ran: Ran) -> None:
    result = json.loads(ran.result.read_text())
    measured = {item["architecture"]["name"]: result["items"][item["file"]] for item in result["manifest"]["items"]}

    def fastest(name: str) -> int:
        return min(ns for block in measured[name]["blocks"] for ns in block["wall_ns"])

    assert fastest("chain_24_2") < fastest("chain_96_5")
    assert fastest("4_tiny") < fastest("1x1_256_at_28")
    for block in measured["chain_96_5"]["blocks"]:
        assert len(block["cpu_ns"]) in (0, len(block["wall_ns"]))


def test_time_that_is_up_and_ctrl_c_leave_a_result_and_go_on(tmp_path: Path) -> None:
    kit = tmp_path / "kit.zip"
    make_kit(kit, NETWORKS, [], ["fp32"], rounds=500)  # it must not be done before it is stopped, however busy we are
    run = unpacked(kit, tmp_path / "kit")
    out = tmp_path / "early.json"
    status, said = finish(start(run, out, "--minutes", "0"))
    assert (status, said) == (0, f"the time is up; the same command goes on. What there is so far: {out}\n")
    assert json.loads(out.read_text())["complete"] is False
    journal = tmp_path / "early.json.journal"
    process = start(run, out)
    while journal.read_text().count('"what":"block"') < 3:
        assert process.poll() is None, finish(process)
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    status, said = finish(process)
    assert (status, said) == (0, f"stopped; the same command goes on. What there is so far: {out}\n")
    blocks = [one for item in json.loads(out.read_text())["items"].values() for one in item["blocks"]]
    assert len(blocks) >= 3


def test_a_file_that_cannot_be_loaded_fails_and_the_rest_goes_on(tmp_path: Path) -> None:
    kit = tmp_path / "kit.zip"
    make_kit(kit, NETWORKS, [], ["fp32"], rounds=1)
    run = unpacked(kit, tmp_path / "kit")
    body = json.loads((run.parent / "manifest.json").read_text())
    bad = run.parent / body["items"][3]["file"]
    bad.write_bytes(b"no ONNX")
    status, said = finish(start(run, tmp_path / "result.json"))
    assert (status, said) == (1, f"{body['items'][3]['file']} is damaged; unpack the kit again\n")
    # The same with the right checksum is a file that this device cannot run.
    body["items"][3]["sha256"] = module.hashlib.sha256(b"no ONNX").hexdigest()
    body["digest"] = manifest.digest_of({name: value for name, value in body.items() if name != "digest"})
    (run.parent / "manifest.json").write_text(json.dumps(body))
    status, said = finish(start(run, tmp_path / "result.json"))
    assert status == 0
    assert f"{body['items'][3]['file']} failed: " in said
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["complete"] is True
    failed = {file: item["failed"] for file, item in result["items"].items() if item["failed"]}
    assert list(failed) == [body["items"][3]["file"]]
    assert all(item["blocks"] and item["traces"] for file, item in result["items"].items() if file not in failed)


def test_an_item_that_ends_the_program_twice_is_left_out(ran: Ran, tmp_path: Path) -> None:
    body = json.loads((ran.run.parent / "manifest.json").read_text())
    first, second = (item["file"] for item in body["items"][:2])
    with closing(module.Journal(tmp_path / "journal")) as journal:
        record = module.Record(journal, body, 1)
        for _ in range(2):
            record.add({"what": "trying", "item": first})
            record.add({"what": "trying", "item": second})
            record.add({"what": "stopped"})
    with closing(module.Journal(tmp_path / "journal")) as journal:
        assert set(module.Record(journal, body, 1).failed) == {first}


def test_a_journal_of_another_kit_machine_or_number_of_threads_is_refused(ran: Ran, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    shutil.copy(ran.journal, tmp_path / "result.json.journal")
    status, said = finish(start(ran.run, out, "--threads", "2"))
    assert (status, "on --threads 1; give the same, or remove" in said) == (1, True)
    other = tmp_path / "other.zip"
    make_kit(other, [*NETWORKS, chain(40)], [], ["fp32"], rounds=1)
    status, said = finish(start(unpacked(other, tmp_path / "other"), out))
    assert (status, f"{out}.journal is not of this kit; remove" in said) == (1, True)
    head, *_ = [module.checked(line) for line in ran.journal.read_text().splitlines()]
    assert head is not None
    head["machine"]["cpu"] = "Another"
    (tmp_path / "result.json.journal").write_text(module.with_check(head))
    status, said = finish(start(ran.run, out))
    assert (status, "is of the cpu Another and this machine has" in said) == (1, True)
    assert not out.exists()


def test_the_machine_is_described_as_edgewise_does() -> None:
    here = describe_machine().to_json()
    told = module.describe_machine()
    assert told.keys() == here.keys()
    del here["load"], told["load"]
    assert told == here


@given(
    st.lists(st.tuples(NANOSECONDS, NANOSECONDS), min_size=1, max_size=5),
    st.booleans(),
    st.none() | st.integers(0, 10**9),
    st.none() | st.integers(0, 9),
    st.none() | st.floats(0, 64),
    st.integers(1, 4),
)
def test_blocks_are_judged_as_edgewise_does(
    times: list[tuple[int, int]],
    fine: bool,
    waited: int | None,
    switches: int | None,
    others: float | None,
    threads: int,
) -> None:
    walls, cpus = zip(*times, strict=True)
    body: dict[str, Any] = {"wall_ns": list(walls), "cpu_ns": list(cpus) if fine else []}
    body |= {"waited_ns": waited, "switches": switches, "others": others}
    assert module.disturbance(body, threads) == pytest.approx(Block.from_json(body).disturbance(threads))


def test_traces_have_the_kernels_that_the_runtime_has(tmp_path: Path) -> None:
    architecture = chain(24)
    path = build(architecture, random_tensors(architecture), tmp_path, "it")
    image = np.zeros((1, 3, 32, 32), np.float32)
    expected = [kernel.name for kernel in OnnxRuntime().trace(path, 1, "fp32", [image], 3)]
    taken = {"name": "image", "shape": [1, 3, 32, 32], "dtype": "float32"}
    item = {"file": "it.onnx", "bytes": path.stat().st_size, "input": taken}
    found = module.Bench(tmp_path, 1).trace(item)
    assert [name for name, _ in found] == expected
    assert {len(times) for _, times in found} == {module.TRACED_MOST}


def test_a_device_without_onnxruntime_is_told_what_to_install(
    ran: Ran, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    kept = signal.getsignal(signal.SIGTERM)
    try:
        assert module.main(["--out", os.devnull]) == 1
    finally:
        signal.signal(signal.SIGTERM, kept)
    assert capsys.readouterr().err == "onnxruntime is missing; install it with: pip install onnxruntime numpy\n"
