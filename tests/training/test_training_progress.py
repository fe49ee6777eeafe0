import sys

import pytest

from edgewise.training.progress import LineReporter, Progress, TerminalReporter, describe, reporter

MIDDLE = Progress(2, 10, 50, 200, 1234.5, 75.0, 0.5, {"accuracy": 0.91})


def test_one_line_says_speed_and_time_left() -> None:
    line = describe(MIDDLE)
    assert "\n" not in line
    for part in ("epoch 2/10", "25%", "1234 images/s", "1:15 left", "loss 0.500", "accuracy 0.9100"):
        assert part in line


def test_plain_lines_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    lines = LineReporter(interval=1000.0)
    lines(MIDDLE)
    lines(Progress(3, 10, 60, 200, 1.0, None, 0.5, {}, validated=True))
    out, err = capsys.readouterr()
    assert not out
    assert len(err.splitlines()) == 1


def test_terminal_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reporter(False) is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert isinstance(reporter(True), LineReporter)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    line = reporter(True)
    assert isinstance(line, TerminalReporter)
    line(MIDDLE)
    line.close()
