"""What is said where a storage cannot be opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgewise.errors import EdgewiseError
from edgewise.tasks import Queue


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "the storage nonsense cannot be opened: Could not parse SQLAlchemy URL"),
        ("oracel://me:secret@host/x", "the storage oracel://me@host/x cannot be opened: Can't load plugin"),
        ("sqlite:////no/such/folder/x.db", "x.db cannot be opened: unable to open database file; --storage takes"),
        ("mssql+pymssql://me:secret@host/x", "the storage mssql+pymssql://me@host/x takes the Python module pymssql, "),
    ],
)
def test_a_storage_that_cannot_be_opened(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(EdgewiseError, match=re.escape(message)) as raised:
        Queue(tmp_path, url)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
