"""`python -m edgewise` is `edgewise`."""

from edgewise.cli import main

if __name__ == "__main__":
    main()
