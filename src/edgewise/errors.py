"""The errors a user sees: one sentence that says what was wrong, where, and what to do."""


class EdgewiseError(Exception):
    """Something the user can mend. The command line prints it as one line and exits with `exit_code`."""

    exit_code = 1


class BudgetError(EdgewiseError):
    """No candidate meets the latency budget. The message names the fastest candidate and its latency."""

    exit_code = 2
