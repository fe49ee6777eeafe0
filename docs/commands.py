"""Writes a page for every verb of the command line before the documentation is built: what it does, its arguments and
options as the command itself has them, and the README's examples of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from edgewise.cli.app import app
from pages import table, write_if_new

HERE = Path(__file__).parent
README = HERE.parent / "README.md"

READ_ON: Mapping[str, Sequence[str]] = {
    "models": ("families/index", "weights"),
    "show": ("counting",),
    "fit": ("fit", "scenes"),
    "train": ("training", "scenes"),
    "evaluate": ("verbs", "scenes"),
    "predict": ("verbs", "scenes"),
    "export": ("verbs", "scenes"),
    "adapt": ("adapt",),
    "bench": ("verbs", "devices"),
    "convert": ("weights",),
    "explain": ("explain", "why"),
    "figures": ("why",),
    "quantize": ("quantisation",),
    "share": ("sharing",),
    "study": ("studies",),
    "device": ("devices",),
    "search": ("searching",),
}
"""The pages that say how, by verb."""


def write_pages(folder: Path = HERE / "commands") -> None:
    """Writes `folder`/index.md and a page for each verb; pages that stay the same are not touched."""
    # Typer's own command line classes have no stubs that say what is in a group.
    root: Any = typer.main.get_command(app)
    verbs: dict[str, Any] = dict(root.commands)
    for name, verb in verbs.items():
        write_if_new(folder / f"{name}.md", _page(name, verb))
    listed = [
        "# The verbs one by one",
        "",
        "A page for each, with all its options; {doc}`../verbs` has them side by side.",
        "",
    ]
    write_if_new(folder / "index.md", "\n".join([*listed, "```{toctree}", ":maxdepth: 1", "", *verbs, "```", ""]))


def _page(name: str, verb: Any) -> str:
    parts = [f"# {name}"]
    for title, one in _commands(f"edgewise {name}", verb):
        # A verb with others inside has a heading for each of these.
        parts += [f"## {title}"] if title != f"edgewise {name}" else []
        parts += [inspect.cleandoc(one.help or ""), f"```console\n$ {_usage(title, one)}\n```"]
        parts += [_parameters(one)]
    examples = [
        line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith(f"$ edgewise {name} ")
    ]
    if examples:
        parts += ["## Examples", "\n".join(["```console", *examples, "```"])]
    links = ", ".join(f"{{doc}}`../{page}`" for page in READ_ON[name])
    return (
        "\n\n".join(part for part in [*parts, f"How it works: {links}. From Python: {{doc}}`../api`."] if part) + "\n"
    )


def _commands(title: str, one: Any) -> Iterator[tuple[str, Any]]:
    """A command, and those inside of it, with all that is typed to call them."""
    inside: Mapping[str, Any] = getattr(one, "commands", {})
    if one.callback is not None or not inside:
        yield title, one
    for name, inner in inside.items():
        yield from _commands(f"{title} {name}", inner)


def _usage(title: str, one: Any) -> str:
    arguments = [part for part in one.params if part.param_type_name == "argument"]
    named = [part.name.upper() + ("…" if part.nargs == -1 else "") for part in arguments]
    needed = [f"{part.opts[0]} …" for part in one.params if part.param_type_name == "option" and part.required]
    shown = [word if part.required else f"[{word}]" for part, word in zip(arguments, named, strict=True)]
    return " ".join([title, *shown, *needed, "[OPTIONS]"])


def _parameters(one: Any) -> str:
    rows = [
        (
            f"`{part.name.upper()}`" if part.param_type_name == "argument" else _names(part),
            (part.help or "").replace("|", "\\|"),
            _default(part),
        )
        for part in one.params
    ]
    return table(("argument or option", "what it is", "by default"), rows, left=3) if rows else ""


def _names(part: Any) -> str:
    return ", ".join(f"`{name}`" for name in [*part.opts, *part.secondary_opts])


def _default(part: Any) -> str:
    if part.required:
        return "to be given"
    default = part.default
    if default is None or default == () or default == [] or default is False:
        return "–"
    if isinstance(default, list | tuple):
        return " ".join(f"`{one}`" for one in default)
    return "on" if default is True else f"`{default}`"
