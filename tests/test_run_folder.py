"""The run folder: stages are kept, other runs are refused, a failed beginning leaves nothing."""

import json
from pathlib import Path

import pytest

from edgewise.errors import EdgewiseError
from edgewise.run_folder import RunFolder

ASKED = {"budget": "5ms", "epochs": None, "input": 32}


def keep(folder: RunFolder, name: str = "stage", value: object = 1) -> object:
    return folder.stage(name, lambda: value, lambda made: {"made": made}, lambda content: content["made"])


def test_a_stage_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "one"
    with RunFolder(path, ASKED) as folder:
        assert keep(folder, value=[1, 2]) == [1, 2]
        assert keep(folder, value="another") == [1, 2]
    with RunFolder(path, dict(reversed(ASKED.items()))) as again:
        assert keep(again, value="another") == [1, 2]
        assert keep(again, "second", 3) == 3
    assert sorted(file.name for file in (path / "state").iterdir()) == ["asked.json", "second.json", "stage.json"]


def test_a_stage_that_fails_is_not_kept(tmp_path: Path) -> None:
    def fail() -> int:
        raise EdgewiseError("no")

    def begin() -> None:
        with RunFolder(tmp_path / "run", ASKED) as folder:
            keep(folder, "first")
            folder.stage("second", fail, lambda made: made, lambda content: content)

    with pytest.raises(EdgewiseError, match="no"):
        begin()
    assert sorted(file.name for file in (tmp_path / "run" / "state").iterdir()) == ["asked.json", "first.json"]
    with RunFolder(tmp_path / "run", ASKED) as folder:
        assert keep(folder, "first", 2) == 1


@pytest.mark.parametrize("error", [EdgewiseError, KeyboardInterrupt, ValueError])
def test_a_run_that_keeps_nothing_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), RunFolder(tmp_path / "runs" / "new" / "one", ASKED):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(EdgewiseError), RunFolder(tmp_path / "run" / "inner", ASKED):
        raise EdgewiseError
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["notes.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(EdgewiseError), RunFolder(tmp_path / "empty", ASKED):
        raise EdgewiseError
    assert (tmp_path / "empty").is_dir()


def test_training_that_has_begun_stays(tmp_path: Path) -> None:
    path = tmp_path / "run"
    (path / "training").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt), RunFolder(path, ASKED):
        raise KeyboardInterrupt
    assert (path / "state" / "asked.json").exists()


def test_another_run_is_refused_by_what_differs(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", ASKED) as folder:
        keep(folder)
    with pytest.raises(EdgewiseError, match=r"asked for something else \(budget, seed\); give the same options"):
        RunFolder(tmp_path / "run", ASKED | {"budget": "6ms", "seed": 1})


def test_many_differences_are_not_all_named(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", ASKED) as folder:
        keep(folder)
    with pytest.raises(EdgewiseError, match=r"\(a0, a1, a2, a3, a4, a5, …\)"):
        RunFolder(tmp_path / "run", ASKED | {f"a{index}": index + 1 for index in range(9)})


def test_tuples_are_what_json_makes_of_them(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", {"shares": (1, 2)}) as folder:
        keep(folder)
    with RunFolder(tmp_path / "run", {"shares": (1, 2)}) as folder:
        assert keep(folder, value=2) == 1


def test_a_run_killed_before_it_kept_anything_is_no_run(tmp_path: Path) -> None:
    state = tmp_path / "run" / "state"
    state.mkdir(parents=True)
    (state / "asked.json").write_text(json.dumps({"digest": "x", "asked": {"budget": "9ms"}}))
    (state / ".measured.json.k7d.json").write_text('{"half')
    with RunFolder(tmp_path / "run", ASKED) as folder:
        keep(folder)
    assert json.loads((state / "asked.json").read_text())["asked"] == ASKED


@pytest.mark.parametrize("name", ["model.onnx", "model.safetensors"])
def test_models_from_elsewhere_are_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(EdgewiseError, match=f"holds the {name} of another run; choose another folder"):
        RunFolder(tmp_path, ASKED)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(EdgewiseError, match="run is a file and the run needs a folder"):
        RunFolder(tmp_path / "run", ASKED)


@pytest.mark.parametrize("content", [b"", b'{"made"', b"\xff\xfe", b"[1]", b'{"other": 1}'])
def test_a_damaged_stage_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    with RunFolder(tmp_path / "run", ASKED) as folder:
        keep(folder)
        (tmp_path / "run" / "state" / "stage.json").write_bytes(content)
        with pytest.raises(EdgewiseError, match=r"stage\.json cannot be used \(.+\); delete .*run to begin"):
            keep(folder)


def test_what_was_asked_may_be_damaged_too(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", ASKED) as folder:
        keep(folder)
    (tmp_path / "run" / "state" / "asked.json").write_text("[]")
    with pytest.raises(EdgewiseError, match=r"asked\.json cannot be used"):
        RunFolder(tmp_path / "run", ASKED)


def test_numbers_that_are_none_are_not_written(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", ASKED) as folder:
        keep(folder)
        with pytest.raises(ValueError, match="JSON"):
            keep(folder, "second", float("nan"))
    assert not (tmp_path / "run" / "state" / "second.json").exists()


def test_a_look_ahead_leaves_open_what_the_run_may_still_decide(tmp_path: Path) -> None:
    path, later = tmp_path / "run", ("budget", "epochs")
    with RunFolder(path, ASKED, planned=True, later=later) as folder:
        keep(folder)
    with RunFolder(path, ASKED | {"budget": "4ms"}, planned=True, later=later):
        pass
    with pytest.raises(EdgewiseError, match=r"asked for something else \(input\)"):
        RunFolder(path, ASKED | {"input": 64}, later=later)
    with RunFolder(path, ASKED | {"budget": "3ms", "epochs": 2}, later=later) as folder:
        assert keep(folder, value="another") == 1
    # The run has decided.
    with pytest.raises(EdgewiseError, match=r"asked for something else \(budget\)"):
        RunFolder(path, ASKED | {"budget": "2ms", "epochs": 2}, later=later)
    with RunFolder(path, ASKED | {"budget": "2ms"}, planned=True, later=later):
        pass
    with RunFolder(path, ASKED | {"budget": "3ms", "epochs": 2}, later=later):
        pass
