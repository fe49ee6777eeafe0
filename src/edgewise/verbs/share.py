"""`share`: a model file as a folder that others can load, or as a repository of the Hugging Face hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise.verbs.resolve import existing, is_model_file


@dataclass(frozen=True)
class Shared:
    """The folder that was written and its files, and the repository's address; nothing where that was not asked for."""

    folder: Path | None
    files: tuple[Path, ...]
    url: str | None


def share(
    model: str | Path,
    folder: str | Path | None = None,
    *,
    repo: str | None = None,
    private: bool = False,
    token: str | None = None,
) -> Shared:
    """Writes the model file `model` into `folder` as `Model.save_pretrained` does, or pushes it to the hub's repository
    `repo` (`user/name`) as `Model.push_to_hub` does, or both.

    Raises `EdgewiseError` as these do, and when neither is asked for.
    """
    if folder is None and repo is None:
        raise EdgewiseError("there is nowhere to share to; name a folder, or a repository as in --repo user/name")
    if private and repo is None:
        raise EdgewiseError("only a repository can be private; name one, as in --repo user/name")
    path = existing(model, "model file")
    if not is_model_file(path):
        raise EdgewiseError(f"{path} is no model file; only *.safetensors files that edgewise wrote can be shared")
    from edgewise.weights import Model

    loaded = Model.from_pretrained(path)
    files = loaded.save_pretrained(folder) if folder is not None else ()
    url = loaded.push_to_hub(repo, private=private, token=token) if repo is not None else None
    return Shared(Path(folder) if folder is not None else None, files, url)
