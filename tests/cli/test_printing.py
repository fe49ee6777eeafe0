"""Tables in pipes and on terminals of any width, names that are no text, units."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from running import Command

from edgewise.cli import console


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (464, "464"),
        (999, "999"),
        (9536, "9.5K"),
        (99_949, "99.9K"),
        (100_000, "0.10M"),
        (3_504_872, "3.50M"),
        (11_513_630_000, "11,513.63M"),
    ],
)
def test_amounts(number: int, text: str) -> None:
    assert console.amount(number) == text


def test_units() -> None:
    assert console.mebibytes(3 * 2**19) == "1.50"
    assert console.milliseconds(0.12345) == "0.123"
    assert console.percent(0.97654) == "97.65%"
    assert console.percent(None) == "–"
    assert console.shape((16, 112, 112)) == "16×112×112"
    assert console.metric("val_top5", 0.5) == ("validation top5", "50.00%")
    assert console.metric("test_loss", 0.5) == ("test loss", "0.5000")
    assert console.metric("mean_average_precision", 1.0) == ("mean average precision", "100.00%")
    assert (console.counted(1, "file"), console.counted(2, "file")) == ("1 file", "2 files")


def test_a_piped_table_is_whole_lines_without_markup(capsys: pytest.CaptureFixture[str]) -> None:
    long = "/".join(["folder"] * 60) + "/[bold]name :smile:.png"
    console.show(console.table("a title that is longer than the table", ("file", "n"), [(long, "1"), ("b", "22")]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a title that is longer than the table"
    (row,) = [line for line in lines if "[bold]" in line]
    assert row.split(None, 1) == [long.split()[0], f"{long.split()[1]}    1"]
    assert "\x1b" not in "".join(lines)
    assert all(line == line.rstrip() for line in lines)


def test_an_empty_table_has_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    console.show(console.table("0 images", ("image", "class"), [], left=(0, 1)))
    assert capsys.readouterr().out.split() == ["0", "images", "image", "class", "─────────────"]


def test_long_sentences_are_not_broken_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "word " * 80 + "end"
    console.show(sentence)
    assert capsys.readouterr().out == sentence + "\n"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_never_cuts_a_table(width: int) -> None:
    """Numbers stay whole on any terminal; only names fold."""
    main, secondary = pty.openpty()
    program = (
        "from edgewise.cli import console\n"
        "name = 'InvertedResidual(out_channels=24, expanded=72, stride=2)'\n"
        "columns = ('row', 'what it does', 'multiply-adds', 'parameters', 'read, MiB')\n"
        "console.show(console.table('t', columns, [('7', name, '123.45M', '67.89K', '0.12')], left=(1,)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": str(width), "TERM": "dumb"}
    subprocess.run([sys.executable, "-c", program], stdout=secondary, env=environment, check=True, timeout=60)
    os.close(secondary)
    printed = read_all(main)
    for whole in ("123.45M", "67.89K", "0.12", "parameters"):
        assert whole in printed
    folded = "".join(printed.split())
    assert "…" not in folded
    widest = max(len(line.rstrip()) for line in printed.splitlines())
    assert widest <= max(width, 70)  # what the numbers and a narrow column of names take
    assert ("multiply-adds" in printed) == (width == 200)


def read_all(descriptor: int) -> str:
    content = b""
    try:
        while part := os.read(descriptor, 4096):
            content += part
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(descriptor)
    return content.decode()


def test_a_name_that_is_no_text_is_printed_all_the_same(
    edgewise: Command, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = os.fsdecode(b"\xff.png")
    (world / "images" / "cat" / "00.png").rename(world / odd)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8"))
    ended = edgewise("predict", odd, "--model", "model.safetensors")
    sys.stdout.flush()
    assert (ended.code, ended.err) == (0, "")
    assert "\\udcff.png" in raw.getvalue().decode()
