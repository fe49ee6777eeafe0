from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import class_folders

from edgewise.data import open_dataset
from edgewise.errors import EdgewiseError


@pytest.fixture
def table(tmp_path):
    class_folders(tmp_path, {"images": 12})

    def write(text: str, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return write


def rows(*labels: str) -> str:
    return "path,label\n" + "".join(f"images/{index:03}.png,{label}\n" for index, label in enumerate(labels))


def test_one_label_an_image(table):
    dataset = open_dataset(table(rows(*["cat", "dog"] * 6)))
    assert dataset.classes == ("cat", "dog")
    assert not dataset.multi_label
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 8, "val": 2, "test": 2}
    assert dataset.splits["train"].labels.dtype == np.int64


def test_given_splits(table):
    text = "split,path,label\n" + "".join(
        f"{('train', 'Valid', 'test')[index // 4]},images/{index:03}.png,{'ab'[index % 2]}\n" for index in range(12)
    )
    dataset = open_dataset(table(text))
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 4, "val": 4, "test": 4}
    assert "val is the rows marked val" in dataset.split_rule
    assert dataset.splits["val"].path(0).endswith("004.png")


@pytest.mark.parametrize("repeated", [False, True])
def test_several_labels_an_image(table, repeated):
    labels = ["cat", "dog", "cat;dog", ""] * 3
    text = rows(*labels)
    if repeated:
        text = "path,label\n" + "".join(
            f"images/{index:03}.png,{label}\n" for index, both in enumerate(labels) for label in both.split(";")
        )
    dataset = open_dataset(table(text))
    assert dataset.multi_label
    for split in dataset.splits.values():
        assert split.labels.dtype == np.float32
        for index in range(len(split)):
            number = int(Path(split.path(index)).stem)
            assert split.labels[index].tolist() == [[1, 0], [0, 1], [1, 1], [0, 0]][number % 4]


def test_tabs_byte_order_marks_and_quotes(table):
    text = rows(*["cat", '"dog, big"'] * 6)
    assert open_dataset(table(text, encoding="utf-8-sig")).classes == ("cat", "dog, big")
    tabs = rows(*["cat", "dog"] * 6).replace(",", "\t")
    assert open_dataset(table(tabs, "labels.tsv")).classes == ("cat", "dog")


def test_missing_files_are_named(table):
    text = rows(*["cat", "dog"] * 6) + "images/absent.png,cat\n"
    with pytest.raises(EdgewiseError, match=r"1 file of 13 .* images/absent.png does not exist"):
        open_dataset(table(text))
    dataset = open_dataset(table(text), skip_bad=True)
    assert [str(image) for image in dataset.skipped] == ["images/absent.png does not exist"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column path and no column label"),
        ("file,label\nx,y\n", "no column path"),
        ("path,label\n", "no rows"),
        ("path,label\nimages/000.png,\nimages/001.png,a\n", "no label for images/000.png"),
        ("path,label\n,a\n", "row 2 has no path"),
        ("path,label\nimages/000.png,a,b\n", "row 2 has 3 columns"),
        ("path,label,split\nimages/000.png,a,tset\n", "row 2 has the split 'tset'"),
        ("path,label,split\nimages/000.png,a,train\nimages/000.png,b,test\n", "row 3 puts"),
        (rows(*["a"] * 6), "only the class 'a'"),
    ],
)
def test_tables_that_cannot_be_understood(table, text, message):
    with pytest.raises(EdgewiseError, match=message):
        open_dataset(table(text))


def test_another_encoding_is_an_error(table):
    with pytest.raises(EdgewiseError, match="UTF-8"):
        open_dataset(table("path,label\nä,b\n", encoding="latin-1"))
