"""Optuna's storage of a run, opened with a clear word where that does not go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from optuna import Study

Direction = Literal["maximize", "minimize"]


def open_study(url: str, name: str, directions: Sequence[Direction]) -> Study:
    """The study `name` of the storage at `url`, made where there is none.

    Raises `EdgewiseError` where `url` is none, its driver is not installed, or its server does not answer.
    """
    import optuna
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return optuna.create_study(storage=url, study_name=name, directions=list(directions), load_if_exists=True)
    except ImportError as error:
        driver = getattr(error.__cause__, "name", None) or "driver"
        raise EdgewiseError(
            f"the storage {_shown(url)} takes the Python module {driver}, which is not installed; install it with pip"
        ) from None
    except (SQLAlchemyError, StorageInternalError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split()).rstrip(".")
        raise EdgewiseError(
            f"the storage {_shown(url)} cannot be opened: {reason}; --storage takes a URL such as "
            "postgresql://user:password@host/database"
        ) from None


def _shown(url: str) -> str:
    """The URL without its password."""
    start, at, end = url.rpartition("@")
    scheme, colon, user = start.partition("://")
    return f"{scheme}{colon}{user.partition(':')[0]}{at}{end}" if at else url
