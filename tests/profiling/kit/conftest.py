"""One small kit, run once: killed on the way, its journal torn, and run again to the end."""

from __future__ import annotations

import time

import pytest
from running_a_kit import NETWORKS, Ran, finish, start, unpacked

from edgewise.profiling.kit import kit_probes, make_kit


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("kit")
    kit = folder / "kit.zip"
    make_kit(kit, NETWORKS, kit_probes(), ["fp32"], rounds=2)
    run = unpacked(kit, folder / "unpacked")
    result = folder / "result.json"
    journal = folder / "result.json.journal"
    process = start(run, result)
    deadline = time.monotonic() + 60
    while (journal.read_text() if journal.exists() else "").count('"what":"block"') < 20:
        assert process.poll() is None, finish(process)
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    finish(process)
    assert not result.exists()
    with journal.open("a") as file:
        file.write('{"crc32":1,"line":{"what":"blo')
    torn = journal.read_text()
    status, said = finish(start(run, result))
    assert status == 0, said
    assert said == f"done; send back {result}\n"
    return Ran(kit, run, result, journal, torn)
