"""The page on where the time of networks goes: complete, well formed, and fit for a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from reading import Page
from test_slow_rows import CEILINGS, timed

from edgewise.explaining.layers import Store
from edgewise.explaining.network_report import TimedNetwork, network_report
from edgewise.explaining.parts import stretches_of
from edgewise.explaining.stretches import STRETCHES
from edgewise.papers import find

NAMES = ("mobilenet_v2", "shufflenet_v1_g3", "xception")
BROWSER = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), None)


def network(name: str, size: int | None = None) -> TimedNetwork:
    architecture = find(name) if size is None else find(name).with_input(size)
    layers = timed(architecture)
    return TimedNetwork(architecture, len(layers) / 1000, layers)


def report(*networks: TimedNetwork) -> str:
    return network_report(networks, CEILINGS, {"cpu": "a <fast> one"}, "edgewise explain it")


@pytest.fixture(scope="module")
def source() -> str:
    return report(*map(network, NAMES))


def test_every_row_of_every_network_is_on_the_page(source: str) -> None:
    page = Page(source)
    assert len(page.all("section")) == len(NAMES) + 3
    for name in NAMES:
        for row in find(name).rows:
            assert str(row).replace("'", "&#x27;") in source
    assert "a &lt;fast&gt; one" in source
    assert len(source) < 5e6


def test_it_needs_nothing_from_elsewhere(source: str) -> None:
    page = Page(source)
    assert not page.all("script")
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {attributes["href"].removeprefix("#") for attributes in page.all("a")} <= ids
    assert set(re.findall(r"https?://[^\"' <]+", source)) <= {"http://www.w3.org/2000/svg"}


def test_the_same_network_at_two_sizes_has_two_names() -> None:
    page = report(network("mobilenet_v2", 96), network("mobilenet_v2", 64))
    assert "mobilenet_v2 at 96×96" in page
    assert "mobilenet_v2 at 64×64" in page


@pytest.mark.parametrize(
    ("name", "has", "has_not"),
    [
        ("mobilenet_v2", {"depthwise", "pointwise", "mobilenet_v2"}, {"mobilenet_v3", "shuffle3", "resnet"}),
        ("mobilenet_v3_small", {"mobilenet_v3", "mobilenet_v2"}, {"grouped3"}),
        ("shufflenet_v1_g3", {"shufflenet_v1_g3", "shufflenet_v1_unshuffled", "shuffle3"}, {"mobilenet_v1"}),
        ("resnet50", {"resnet_bottleneck", "convolution"}, {"resnext", "depthwise"}),
        ("resnext50_32x4d", {"resnext", "grouped3"}, {"resnet_bottleneck"}),
        ("xception", {"xception", "depthwise"}, {"inception"}),
    ],
)
def test_pictures_are_of_what_the_network_is_made_of(name: str, has: set[str], has_not: set[str]) -> None:
    found = stretches_of(find(name))
    assert has <= set(found)
    assert not has_not & set(found)
    assert set(found) <= set(STRETCHES)


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to open the page in")
@pytest.mark.parametrize("width", [500, 1280])
def test_a_browser_opens_it_without_complaint_and_without_scrolling_sideways(
    source: str, tmp_path: Path, width: int
) -> None:
    # What the page forbids itself, scripts, the test needs: to say how wide it has become.
    probe = "<script>document.title = `${document.documentElement.scrollWidth} of ${innerWidth}`</script>"
    opened = re.sub(r"<meta http-equiv=[^>]*>", "", source).replace("</body>", f"{probe}</body>")
    (tmp_path / "page.html").write_text(opened, encoding="utf-8")
    assert BROWSER is not None
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    command += [f"--window-size={width},900", f"--user-data-dir={tmp_path / 'profile'}", f"file://{tmp_path}/page.html"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "CONSOLE" not in done.stderr
    found = re.search(r"<title>(\d+) of (\d+)</title>", done.stdout)
    assert found is not None, done.stdout[:300]
    assert int(found[1]) <= int(found[2])


def test_a_busy_machine_and_what_hides_in_rows_are_told() -> None:
    quiet = network("mobilenet_v2")
    assert "The machine was busy" not in report(replace(quiet, strain=1.1))
    busy = report(replace(quiet, strain=1.5))
    assert "The machine was busy while mobilenet_v2 was timed: its layers took 1.5 times as long" in busy
    assert "Cheap but slow, wherever they stand: " in busy


def test_memories_that_are_as_fast_have_one_line() -> None:
    stores = (Store("L1", 32_000, 1e11), Store("L2", 10**6, 0.98e11), Store("memory", None, 1e10))
    page = network_report([network("mobilenet_v2")], replace(CEILINGS, stores=stores), {}, "edgewise explain it")
    assert ">L1, L2</text>" in page
    assert ">L2</text>" not in page
