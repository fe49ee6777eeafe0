from __future__ import annotations

import dataclasses
import json
import os
import platform
from pathlib import Path

import pytest

from edgewise.devices import describe_machine, machine
from edgewise.errors import EdgewiseError


def test_this_machine_is_described_in_json():
    described = describe_machine()
    assert json.loads(json.dumps(described.to_json())) == described.to_json()
    assert set(described.to_json()) == {field.name for field in dataclasses.fields(described)}
    assert described.runtime == "onnxruntime"
    assert described.runtime_version
    assert described.python == platform.python_version()
    assert described.usable_cores
    assert described.cores
    assert described.usable_cores <= described.cores


def test_an_unknown_runtime_is_a_sentence():
    with pytest.raises(EdgewiseError, match="no runtime named"):
        describe_machine("abacus")


@pytest.mark.parametrize("system", ["Windows", "Darwin", "Plan9"])
def test_what_a_system_does_not_say_is_none(monkeypatch, system):
    def refuse(*arguments, **keywords):
        raise OSError("not here")

    for name in ("_CPUINFO", "_DEVICE_TREE", "_GOVERNOR", "_CORE_QUOTA"):
        monkeypatch.setattr(machine, name, Path("/does/not/exist"))
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(machine.subprocess, "run", refuse)
    for name in ("getloadavg", "sysconf", "sched_getaffinity"):
        monkeypatch.delattr(os, name, raising=False)
    described = describe_machine()
    assert (described.cpu, described.governor, described.load, described.memory_bytes) == (None, None, None, None)
    assert described.core_quota is None
    assert described.usable_cores == described.cores
    assert described.os.startswith(system)


@pytest.mark.skipif(platform.system() != "Linux", reason="reads Linux's files")
@pytest.mark.parametrize(
    ("cpuinfo", "tree", "expected"),
    [
        ("processor : 0\nmodel name\t: Fast CPU 3000\n\nprocessor : 1\n", None, "Fast CPU 3000"),
        ("model name : Some CPU\ncpu family : 25\nmodel : 17\n", None, "Some CPU (family 25, model 17)"),
        ("processor : 0\nCPU part : 0xd08\nModel : Raspberry Pi 4 Model B\n", None, "Raspberry Pi 4 Model B"),
        ("processor : 0\nCPU part : 0xd08\n", "Some Board\0", "Some Board"),
        ("", None, None),
    ],
)
def test_cpus_are_named_as_their_systems_name_them(monkeypatch, tmp_path, cpuinfo, tree, expected):
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    if tree is not None:
        (tmp_path / "model").write_text(tree)
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(machine, "_DEVICE_TREE", tmp_path / "model")
    assert describe_machine().cpu == expected


@pytest.mark.parametrize(("written", "quota"), [("max 100000\n", None), ("150000 100000\n", 1.5), ("x\n", None)])
def test_a_containers_quota_is_read(monkeypatch, tmp_path, written, quota):
    (tmp_path / "cpu.max").write_text(written)
    monkeypatch.setattr(machine, "_CORE_QUOTA", tmp_path / "cpu.max")
    assert describe_machine().core_quota == quota
