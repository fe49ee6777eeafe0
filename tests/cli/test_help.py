"""Help, version, and the errors that are typer's own."""

import pytest
from running import Command

from edgewise.version import VERSION

VERBS = (
    *("models", "show", "fit", "train", "evaluate", "predict", "export", "bench", "convert", "quantize", "share"),
    "adapt",
    "explain",
    "figures",
    "search",
    "study",
    "device",
)


def test_help_lists_every_verb_with_a_sentence(edgewise: Command) -> None:
    ended = edgewise("--help")
    assert ended.code == 0
    assert ended.err == ""
    lines = [line.strip(" │") for line in ended.out.splitlines()]
    for verb in VERBS:
        (line,) = [line for line in lines if line.startswith(f"{verb} ")]
        assert len(line.removeprefix(verb).split()) >= 3


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(edgewise: Command, verb: str) -> None:
    ended = edgewise(verb, "--help")
    assert ended.code == 0
    assert f"edgewise {verb}" in ended.out
    assert "--help" in ended.out
    assert edgewise(verb, "-h").out == ended.out


def test_every_option_has_a_help_text() -> None:
    from typer.main import get_command

    from edgewise.cli.app import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert set(commands) == set(VERBS)
    groups = {verb: group.commands for verb, group in commands.items() if hasattr(group, "commands")}
    within = {f"{verb} {name}": command for verb, under in groups.items() for name, command in under.items()}
    assert "device profile" in within
    for verb, command in (commands | within).items():
        for parameter in command.params:
            assert parameter.help, f"{verb} {parameter.name}"


def test_version(edgewise: Command) -> None:
    ended = edgewise("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"edgewise {VERSION}\n", "")


def test_without_arguments_there_is_help(edgewise: Command) -> None:
    ended = edgewise()
    assert ended.code == 2
    assert "models" in ended.out + ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show",), "Missing argument"),
        (("show", "resnet18", "--colour"), "No such option"),
        (("show", "resnet18", "--input", "large"), "valid integer"),
        (("fit", "digits"), "Missing option"),
        (("predict", "photo.png"), "Missing option"),
        (("train", "digits"), "Missing option"),
        (("swim",), "No such command"),
    ],
)
def test_usage_errors_exit_with_2(edgewise: Command, arguments: tuple[str, ...], said: str) -> None:
    ended = edgewise(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert said in " ".join(ended.err.replace("│", " ").split())
    assert "Traceback" not in ended.err
