"""The Hugging Face hub: a model's files from it and to it, and what can go wrong on the way, in a sentence each."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from edgewise.errors import EdgewiseError
from edgewise.papers.header import FORMAT
from edgewise.version import VERSION
from edgewise.weights.card import IN_A_FOLDER

CONFIG = "config.json"
LIBRARY = "edgewise"

_LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"


def fetch(
    repo: str,
    *,
    revision: str | None = None,
    token: str | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> Path:
    """The model file of the repository `repo` (`user/name`) at `revision`, in the hub's cache or in `cache_dir`.

    `config.json` comes first, by which the hub counts downloads, and which tells a model of ours from others before
    anything large is fetched. Raises `EdgewiseError` when there is no such repository or revision, it may not be read,
    it holds no model of edgewise or one of a newer format, or it cannot be reached and is not in the cache.
    """
    from huggingface_hub import hf_hub_download

    cached_only = local_files_only or unreachable()

    def download(name: str, revision: str | None) -> Path:
        return Path(
            hf_hub_download(
                repo,
                name,
                revision=revision,
                token=token,
                cache_dir=cache_dir,
                local_files_only=cached_only,
                library_name=LIBRARY,
                library_version=VERSION,
            )
        )

    with _sentences(repo, revision):
        config = download(CONFIG, revision)
        _check(config, repo)
        # The folder is called by the commit: both files are of the same one, whatever is pushed in between.
        return download(IN_A_FOLDER, config.parent.name)


def unreachable() -> bool:
    """Whether nothing answers where the hub should be: its library would knock six times, for half a minute, before it
    looks into its cache."""
    from huggingface_hub import constants

    if getproxies():
        return False  # the proxy is to say
    address = urlsplit(constants.ENDPOINT)
    try:
        with socket.create_connection((address.hostname, address.port or 443), timeout=_PATIENCE_SECONDS):
            return False
    except OSError:
        return True


_PATIENCE_SECONDS = 10


def publish(folder: Path, repo: str, *, private: bool, token: str | None, message: str) -> str:
    """Commits the files of `folder` to the repository `repo` (`user/name`), which is made if there is none; all at
    once or not at all. The address of the repository.

    Raises `EdgewiseError` when the token is missing or may not write there, or the hub cannot be reached or refuses.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(token=token, library_name=LIBRARY, library_version=VERSION)
    additions = [CommitOperationAdd(path.name, path) for path in sorted(folder.iterdir())]
    with _sentences(repo, None):
        url = api.create_repo(repo, private=private, exist_ok=True)
        api.create_commit(url.repo_id, additions, commit_message=message)
    return str(url)


def _check(config: Path, repo: str) -> None:
    try:
        said = json.loads(config.read_text(encoding="utf-8"))
        ours, version = said["library_name"] == LIBRARY, said["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        ours, version = False, 0
    if not ours:
        raise EdgewiseError(f"{repo} holds no model of edgewise: its {CONFIG} is another library's; {_GIVE}")
    if not isinstance(version, int) or version > FORMAT:
        raise EdgewiseError(f"{repo} has format {version} and this edgewise reads up to {FORMAT}; upgrade edgewise")


_GIVE = "give a repository that `push_to_hub` or `edgewise share` wrote"


@contextmanager
def _sentences(repo: str, revision: str | None) -> Iterator[None]:
    """Turns what the hub's library raises into `EdgewiseError`."""
    from huggingface_hub import constants
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.utils import httpx

    hub = constants.ENDPOINT
    try:
        yield
    except HFValidationError:
        raise EdgewiseError(
            f"'{repo}' is neither a folder that exists nor the name of a repository; check the path, or give user/name"
        ) from None
    except GatedRepoError:
        raise EdgewiseError(
            f"{hub}/{repo} is only for those who were granted access; ask for it on that page, and {_LOG_IN}"
        ) from None
    except RepositoryNotFoundError:
        raise EdgewiseError(
            f"there is no folder {repo} here and no repository {hub}/{repo}, or it is private; check the name, "
            f"or {_LOG_IN}"
        ) from None
    except RevisionNotFoundError:
        raise EdgewiseError(f"{hub}/{repo} has no revision '{revision}'; give a branch, a tag or a commit") from None
    except LocalEntryNotFoundError as error:
        why = f" ({_first_line(error.__cause__)})" if error.__cause__ is not None else ""
        raise EdgewiseError(
            f"{repo} was looked for in the cache of the hub's files, is not there whole, and could not be fetched from "
            f"{hub}{why}; connect to the network, or give a folder that `save_pretrained` wrote"
        ) from None
    except EntryNotFoundError as error:
        what = CONFIG if CONFIG in str(error) else IN_A_FOLDER
        raise EdgewiseError(f"{hub}/{repo} holds no model of edgewise: it has no {what}; {_GIVE}") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise EdgewiseError(
                f"{hub} does not let you do this with {repo} (status {status}): the token is missing, has expired or "
                f"lacks the right to; {_LOG_IN}, with a token that may write to be able to share"
            ) from None
        raise EdgewiseError(f"{hub} refused {repo}: {_first_line(error)}; try again later") from None
    except (httpx.HTTPError, OfflineModeIsEnabled) as error:
        raise EdgewiseError(
            f"{hub} cannot be reached for {repo} ({_first_line(error)}); connect to the network"
        ) from None


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
