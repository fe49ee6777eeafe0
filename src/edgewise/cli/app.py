"""The command `edgewise`: one file per verb, each importing what it needs when it runs, so that help is instant."""

from __future__ import annotations

import sys

import typer

from edgewise.cli import bench, evaluate, export, fit, models, predict, show, train
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
app.command()(bench.bench)


def main() -> None:
    """Runs the command line. An error the user can mend is one line on standard error and a non-zero exit."""
    try:
        app()
    except EdgewiseError as error:
        print(f"edgewise: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("edgewise: interrupted; the same command goes on where it was", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe (head, less) went away; nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
