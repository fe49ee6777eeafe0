"""What a MODEL argument names: a variant of the zoo, a model file, a folder with one, or an architecture as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture, find, names
from edgewise.papers.family import scaled_name

MODEL_FILE = ".safetensors"
ARTIFACTS = {".onnx": "onnxruntime", ".pte": "executorch"}
"""By the endings of artifacts, the runtime they are run in unless another is asked for."""


def architecture_of(
    model: str | Path | Architecture,
    *,
    width: float | None = None,
    size: int | None = None,
    classes: int | None = None,
) -> Architecture:
    """The architecture `model` names, scaled to `width`, for images of `size` pixels and `classes` classes.

    Raises `EdgewiseError` for an unknown name, an unreadable file, or an artifact, whose architecture is settled.
    """
    architecture = model if isinstance(model, Architecture) else _read(model)
    if width is not None:
        # Some papers print tables for other widths than 1, which are not their 1.0 scaled.
        printed = scaled_name(architecture.name, width)
        known = names()
        same = printed in known and architecture.name in known and architecture == find(architecture.name)
        architecture = find(printed) if same else architecture.scaled(width)
    if classes is not None:
        architecture = architecture.with_classes(classes)
    if size is not None:
        architecture = architecture.with_input(size)
    return architecture


def located(model: str | Path) -> Path:
    """The file that `model` names: for a folder that `save_pretrained` or a run wrote, the model file in it.

    A name of the zoo, given as a string, is that name also where a folder is called the same; write `./name` for the
    folder.
    """
    path = Path(model)
    if path.is_dir() and model not in names():
        from edgewise.weights.card import IN_A_FOLDER

        if (path / IN_A_FOLDER).is_file():
            return path / IN_A_FOLDER
    return path


def _read(model: str | Path) -> Architecture:
    path = located(model)
    match path.suffix:
        case ".safetensors":
            from edgewise.weights import read_card

            return read_card(existing(path, "model file")).architecture
        case ".json":
            try:
                return _from_text(existing(path, "architecture").read_text(encoding="utf-8"))
            except OSError as error:
                raise EdgewiseError(f"cannot read the architecture {path}: {error.strerror}") from None
            except UnicodeDecodeError:
                raise EdgewiseError(f"{path} is no architecture: it is not text") from None
            except EdgewiseError as error:
                raise EdgewiseError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
        case suffix if suffix in ARTIFACTS:
            raise EdgewiseError(
                f"{path} is an artifact; give the model file it was exported from (model.safetensors beside it)"
            )
        case _ if path.exists() and str(model) not in names():
            raise EdgewiseError(
                f"{model} is no model file ({MODEL_FILE}), artifact ({', '.join(ARTIFACTS)}) or architecture (.json); "
                "name one, or a model of `edgewise models`"
            )
        case _:
            return find(str(model))


def _from_text(text: str) -> Architecture:
    """An architecture as JSON, or the `config.json` of a shared model, which has one inside."""
    try:
        body = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        body = None
    shared = isinstance(body, dict) and isinstance(body.get("architecture"), dict)
    return Architecture.from_dict(body["architecture"]) if shared and body else Architecture.from_json(text)


def is_artifact(model: str | Path) -> bool:
    """Whether `model` names a deployed artifact."""
    return Path(model).suffix in ARTIFACTS


def runtime_for(artifact: Path, runtime: str | None) -> str:
    """The runtime to run `artifact` in: `runtime`, by default the one its ending tells.

    Raises `EdgewiseError` where the runtime takes no artifacts with that ending.
    """
    if runtime is None:
        return ARTIFACTS[artifact.suffix]
    from edgewise.devices import find_runtime

    suffix = find_runtime(runtime).suffix
    if artifact.suffix != suffix:
        raise EdgewiseError(
            f"{runtime} runs artifacts that end in {suffix}; {artifact} is one for {ARTIFACTS[artifact.suffix]}"
        )
    return runtime


def is_model_file(model: str | Path) -> bool:
    """Whether `model` names a model file, or a folder with one."""
    return located(model).suffix == MODEL_FILE


def gives_scenes(model: str | Path) -> bool:
    """Whether `model` is a model file or an artifact for boxes or masks. Raises `EdgewiseError` where there is none."""
    path = existing(model, "model")
    if is_artifact(path):
        from edgewise.deploy import read_artifact

        return read_artifact(path).task != "classify"
    if not is_model_file(path):
        return False
    from edgewise.weights import read_card

    return read_card(path).architecture.task != "classify"


def existing(path: str | Path, what: str) -> Path:
    """`path`, when there is a file; the model file, when it is a folder with one. Raises `EdgewiseError` otherwise."""
    path = located(Path(path))
    if path.is_dir():
        raise EdgewiseError(f"{path} is a folder and should be the {what} itself; name a file in it")
    if not path.is_file():
        raise EdgewiseError(f"there is no {what} {path}; check the path")
    return path
