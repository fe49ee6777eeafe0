"""The command `edgewise`: one file per verb, each importing what it needs when it runs, so that help is instant."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import NoReturn

import typer

from edgewise.cli import (
    adapt,
    bench,
    convert,
    device,
    evaluate,
    explain,
    export,
    figures,
    fit,
    kit,
    latency,
    models,
    predict,
    quantize,
    search,
    share,
    show,
    study,
    train,
)
from edgewise.errors import EdgewiseError
from edgewise.version import VERSION

app = typer.Typer(
    name="edgewise",
    help="Turns your images and a latency budget on your device into the most accurate CNN that fits, deployed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"edgewise {VERSION}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    del version


for _verb in (models.models, show.show, fit.fit, train.train, evaluate.evaluate, predict.predict, export.export):
    app.command()(_verb)
app.command()(adapt.adapt)
app.command()(bench.bench)
app.command()(convert.convert)
app.command()(explain.explain)
app.command()(figures.figures)
app.command()(quantize.quantize)
app.command()(share.share)
app.command()(study.study)
device.device.command()(kit.kit)
device.device.command("import")(kit.import_)
device.device.command()(latency.table)
device.device.command()(latency.predict)
app.add_typer(device.device)
app.add_typer(search.search)


def main() -> None:
    """Runs the command line. An error the user can mend is one line on standard error and a non-zero exit."""
    for stream in (sys.stdout, sys.stderr):
        # A file's name need not be text, and a terminal need not know every sign.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except EdgewiseError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        # The disk is full, a folder is not ours to write: nothing that a traceback would explain better.
        _fail(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""), 1)
    except SystemExit as ended:
        # Ctrl-C arrives as typer's exit code or as Lightning's, who both catch it.
        if _interrupted(ended):
            _fail("interrupted; the same command goes on where a run was", 130)
        raise


def _interrupted(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _fail(message: str, code: int) -> NoReturn:
    print(f"edgewise: {' '.join(message.splitlines())}", file=sys.stderr)
    sys.exit(code)
