"""What a user wrote in a Python file of their own: a space to search, a study."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from edgewise.errors import EdgewiseError

T = TypeVar("T")


def only_one(path: Path, kind: type[T], known: Collection[T], *, word: str, plural: str) -> T:
    """The one `kind`, in a sentence `word`, that the file at `path` makes: none of the `known` ones, which it may
    import.

    Raises `EdgewiseError` where there is no such file, it cannot be imported, or it makes none or several.
    """
    if not path.is_file():
        raise EdgewiseError(
            f"there is no file {path}; a {word} of your own is a Python file with one {kind.__name__} in it"
        )
    spec = importlib.util.spec_from_file_location(f"edgewise_{word}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise EdgewiseError(f"{path} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses in the file look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's file does
        del sys.modules[spec.name]
        raise EdgewiseError(f"{path} cannot be imported ({type(error).__name__}: {error})") from None
    own = [one for one in vars(module).values() if isinstance(one, kind) and one not in known]
    if len(own) != 1:
        raise EdgewiseError(f"{path} has {len(own)} {plural}; a file with a {word} of your own has one")
    return own[0]
