"""The command line. `main` is the entry point of `edgewise`."""

import os


def main() -> None:
    """Runs the command `edgewise`."""
    # Threads that spin while they wait take a busy core away from the one they wait for: on a machine with other work,
    # training was five times slower. OpenMP reads this when torch loads it; a user's own setting stands.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from edgewise.cli.app import main as run

    run()
