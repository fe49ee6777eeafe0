"""`import edgewise` offers the verbs by name, documented, and imports them only when they are used."""

import inspect
import subprocess
import sys

import pytest

import edgewise

VERBS = (
    "bench",
    "convert",
    "evaluate",
    "explain",
    "export",
    "figures",
    "fit",
    "models",
    "predict",
    "quantize",
    "search",
    "share",
    "show",
    "study",
    "train",
)


SCENES = ("evaluate_scenes", "predict_scenes", "train_scenes")
"""What a verb does with boxes and masks; its command does both."""


@pytest.mark.parametrize("verb", [*VERBS, *SCENES])
def test_a_verb_is_a_documented_function(verb: str) -> None:
    function = getattr(edgewise, verb)
    assert inspect.isfunction(function)
    assert function.__name__ == verb
    assert verb in edgewise.__all__
    documentation = inspect.getdoc(function)
    assert documentation
    assert "Raises `EdgewiseError`" in documentation or "`EdgewiseError`" in documentation


@pytest.mark.parametrize("verb", VERBS)
def test_the_command_takes_what_the_function_takes(verb: str) -> None:
    """Options are the function's parameters; beyond them there are only those that say how to print, `nodes`, which
    starts the processes that call the function, and those that make of `models` another list and of `bench` another
    measurement, with functions of their own, and of `figures` a list."""
    from typer.main import get_command

    from edgewise.cli.app import app

    command = get_command(app).commands[verb]  # type: ignore[attr-defined]
    options = {parameter.name for parameter in command.params} - {"as_json", "form", "pattern", "nodes"}
    options -= {
        "models": {"weights"},
        "bench": {"throughput", "streams"},
        "figures": {"listed"},
        "study": {"listed"},
    }.get(verb, set())
    functions = [getattr(edgewise, name) for name in (verb, f"{verb}_scenes") if name in edgewise.__all__]
    parameters = {name for function in functions for name in inspect.signature(function).parameters}
    assert options <= parameters


def test_a_model_is_offered_and_documented() -> None:
    assert inspect.isclass(edgewise.Model)
    assert "Model" in edgewise.__all__
    for name in ("from_pretrained", "save_pretrained", "push_to_hub", "classify"):
        assert "Raises `EdgewiseError`" in (inspect.getdoc(getattr(edgewise.Model, name)) or "")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="swim"):
        _ = edgewise.swim


def test_importing_the_package_imports_no_library() -> None:
    watched = ("torch", "numpy", "pydantic", "rich", "typer")
    program = f"import sys, edgewise; edgewise.EdgewiseError; print([n for n in {watched} if n in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "[]"
