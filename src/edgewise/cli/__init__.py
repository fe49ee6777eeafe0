"""The command line. `main` is the entry point of `edgewise`."""


def main() -> None:
    """Runs the command `edgewise`."""
    from edgewise.cli.app import main as run

    run()
