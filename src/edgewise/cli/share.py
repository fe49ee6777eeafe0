"""`edgewise share`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console


def share(
    model: Annotated[Path, Argument(help="A model file (.safetensors), or a folder with one.")],
    folder: Annotated[Path | None, Argument(help="The folder to write.")] = None,
    repo: Annotated[str | None, Option(help="A repository of the Hugging Face hub to push to: user/name.")] = None,
    private: Annotated[bool, Option("--private", help="Make a new repository private.")] = False,
) -> None:
    """Write a model with its model card into a folder, or push it to the Hugging Face hub."""
    from edgewise.verbs.share import share as run

    shared = run(model, folder, repo=repo, private=private)
    if shared.folder is not None:
        console.show(f"written to {shared.folder}: {', '.join(file.name for file in shared.files)}")
    if shared.url is not None:
        console.show(f"pushed to {shared.url}")
