from __future__ import annotations

import subprocess
import sys

import pytest
from pictures import class_folders

from edgewise.data import open_dataset
from edgewise.errors import EdgewiseError


@pytest.mark.parametrize(
    ("name", "message"),
    [("digts", "did you mean digits?"), ("cifar11", "did you mean cifar10"), ("zzz", "one of digits, scenes, cifar10")],
)
def test_unknown_names_get_the_nearest(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EdgewiseError, match=message):
        open_dataset(name)


def test_unknown_folders_get_the_nearest(tmp_path):
    (tmp_path / "flowers").mkdir()
    with pytest.raises(EdgewiseError, match=r"did you mean .*flowers\?"):
        open_dataset(tmp_path / "flower")


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz"])
def test_archives_must_be_unpacked(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(EdgewiseError, match="unpack it"):
        open_dataset(tmp_path / name)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(EdgewiseError, match="neither a folder of images nor"):
        open_dataset(tmp_path / "x.json")


def test_a_path_named_like_a_dataset_is_a_path(tmp_path, monkeypatch):
    class_folders(tmp_path / "digits", {"a": 5, "b": 5})
    monkeypatch.chdir(tmp_path)
    assert open_dataset("./digits").classes == ("a", "b")
    assert len(open_dataset("digits").classes) == 10


def test_shares_are_checked_first(tmp_path):
    with pytest.raises(EdgewiseError, match="between 0 and 1"):
        open_dataset(tmp_path, val_share=1.2)


def test_opening_folders_and_preprocessing_need_no_torch():
    code = "import sys; from edgewise.data import Preprocessing, open_dataset; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
