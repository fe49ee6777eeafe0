"""A network with its card: to be called on images, saved to a folder, and shared on the Hugging Face hub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image

from edgewise.data.decode import UnreadableError, decode, pixels_of, quiet
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.nn import Network
from edgewise.papers import names
from edgewise.weights.card import IN_A_FOLDER, ModelCard, read_card
from edgewise.weights.hub import CONFIG, LIBRARY, fetch, publish
from edgewise.weights.model_file import load_model, save_model
from edgewise.weights.readme import MARK, figures, licence_lines, readme

Picture = str | Path | Image.Image | np.ndarray
"""A file, a picture that Pillow opened, or pixels: uint8 `(H, W, 3)`, red, green, blue."""

README = "README.md"

_AT_ONCE = 64


class Model:
    """A network that knows its classes and how images are prepared for it.

    `network` is the torch module (images `(N, 3, H, W)` to logits `(N, K)`), `card` what its file says of it. Called
    with an image it classifies it:

        model = Model.from_pretrained("user/name")
        model("photo.jpg", top=2)    # {"tench": 0.93, "goldfish": 0.04}
    """

    def __init__(self, network: Network, card: ModelCard) -> None:
        if card.architecture.task != "classify":
            raise EdgewiseError(
                f"{card.architecture.name} gives boxes or masks, not classes; give its model file to "
                "edgewise.predict_scenes"
            )
        self.network = network
        self.card = card

    def __repr__(self) -> str:
        return f"Model({self.card.architecture.name}, {len(self.card.classes)} classes)"

    @classmethod
    def from_pretrained(
        cls,
        folder_or_repo: str | Path,
        *,
        revision: str | None = None,
        token: str | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
    ) -> Model:
        """The model in a folder that `save_pretrained` wrote, in a model file, or in a repository of the hub.

        Args:
            folder_or_repo: a path or, where there is none, a repository's name (`user/name`).
            revision: branch, tag or commit of the repository.
            token: for repositories that not everybody may read; by default that of `hf auth login` or HF_TOKEN.
            cache_dir: where fetched files are kept; by default the cache of the hub's library.
            local_files_only: take what is in the cache, and ask nobody.

        Raises `EdgewiseError` when there is no model there, it is damaged or of a newer format, or the hub cannot be
        reached or does not give it. A folder needs no network.
        """
        path = Path(folder_or_repo)
        if path.is_file():
            return cls(*load_model(path))
        if path.is_dir():
            if not (path / IN_A_FOLDER).is_file():
                raise EdgewiseError(f"{path} holds no {IN_A_FOLDER}; give a folder that `save_pretrained` wrote")
            return cls(*load_model(path / IN_A_FOLDER))
        if isinstance(folder_or_repo, Path):
            raise EdgewiseError(f"there is no folder {path}; check the path, or give a repository's name as a string")
        if folder_or_repo in names():
            raise EdgewiseError(
                f"{folder_or_repo} is a network of the zoo, without weights; make a model file with `edgewise convert "
                f"{folder_or_repo} SOURCE` (`edgewise models {folder_or_repo} --weights` lists what there is)"
            )
        fetched = fetch(
            folder_or_repo, revision=revision, token=token, cache_dir=cache_dir, local_files_only=local_files_only
        )
        try:
            return cls(*load_model(fetched))
        except EdgewiseError as error:
            raise EdgewiseError(f"{folder_or_repo}: {error}") from None

    def save_pretrained(self, folder: str | Path) -> tuple[Path, ...]:
        """Writes the model into `folder`, each file whole or not at all: `model.safetensors`, the model file;
        `config.json`, what its header says, for the hub and for people; `README.md`, the model card, with its figures
        `multiply_adds.svg` and `parameters.svg`. Gives the paths of all of them.

        Raises `EdgewiseError` when a file cannot be written, a `README.md` or `config.json` of something else is
        there, or the network is not the one of the card.
        """
        return self._save(Path(folder), where=Path(folder).resolve().name)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool = False,
        token: str | None = None,
        commit_message: str = "Model written by edgewise",
    ) -> str:
        """Commits what `save_pretrained` writes to the repository `repo_id` (`user/name`), all files at once, and gives
        its address. The repository is made if there is none, `private` if that is asked for.

        `token` is by default that of `hf auth login` or HF_TOKEN. Raises `EdgewiseError` when it is missing or may not
        write there, or the hub cannot be reached or refuses.
        """
        with TemporaryDirectory() as name:
            self._save(Path(name), where=repo_id)
            return publish(Path(name), repo_id, private=private, token=token, message=commit_message)

    def _save(self, folder: Path, where: str) -> tuple[Path, ...]:
        for name, mark in ((README, MARK), (CONFIG, f'"library_name": "{LIBRARY}"')):
            old = folder / name
            if old.exists() and mark not in old.read_text(encoding="utf-8", errors="replace"):
                raise EdgewiseError(f"{old} is not of a model of edgewise and would be lost; choose another folder")
        model_file = folder / IN_A_FOLDER
        if model_file.exists():
            try:
                read_card(model_file)
            except EdgewiseError:
                raise EdgewiseError(
                    f"{model_file} is not of a model of edgewise and would be lost; choose another folder"
                ) from None
        old = folder / README
        kept = licence_lines(old.read_text(encoding="utf-8", errors="replace")) if old.exists() else ()
        body = {"library_name": LIBRARY, **json.loads(self.card.to_json())}
        texts = {
            CONFIG: json.dumps(body, indent=1) + "\n",
            README: readme(self.card, where, kept),
            **figures(self.card),
        }
        save_model(folder / IN_A_FOLDER, self.network, self.card)
        for name, text in texts.items():
            write_text(folder / name, text)
        return tuple(folder / name for name in (IN_A_FOLDER, *texts))

    def __call__(self, image: Picture, *, top: int = 1) -> dict[str, float]:
        """The `top` most probable classes of `image` with their probabilities, best first.

        Raises `EdgewiseError` when the image cannot be read.
        """
        return self.classify([image], top=top)[0]

    def classify(self, images: Sequence[Picture], *, top: int = 1) -> list[dict[str, float]]:
        """For each of `images` its `top` most probable classes with their probabilities, best first.

        Raises `EdgewiseError` when one of them cannot be read.
        """
        if isinstance(images, str | Path):
            raise EdgewiseError(f"classify takes a list of images; call the model itself for one, {images}")
        if top < 1:
            raise EdgewiseError(f"top must be at least 1, not {top}")
        found: list[dict[str, float]] = []
        for start in range(0, len(images), _AT_ONCE):
            pixels = [self.card.preprocessing.resized(_pixels(image)) for image in images[start : start + _AT_ONCE]]
            for shares in self.probabilities(np.stack(pixels)):
                best = np.argsort(-shares, kind="stable")[:top]
                found.append({self.card.classes[index]: float(shares[index]) for index in best})
        return found

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """The classes' probabilities `(N, K)` for images of the network's size, uint8 `(N, height, width, 3)`."""
        images = torch.from_numpy(np.stack([self.card.preprocessing.normalised(image) for image in pixels]))
        device = next(self.network.parameters()).device
        training = self.network.training
        self.network.eval()
        try:
            with torch.inference_mode():
                logits = self.network(images.to(device)).float()
                return (logits.sigmoid() if self.card.multi_label else logits.softmax(1)).cpu().numpy()
        finally:
            self.network.train(training)


def _pixels(image: Picture) -> np.ndarray:
    """uint8 (H, W, 3). Raises `EdgewiseError`."""
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise EdgewiseError(
                f"pixels are uint8 of shape (height, width, 3), not {image.dtype} of {image.shape}; convert them"
            )
        return image
    with quiet():
        if isinstance(image, Image.Image):
            return pixels_of(image)
        try:
            return decode(Path(image))
        except UnreadableError as error:
            raise EdgewiseError(f"{image} {error}; mend it, or give another image") from None
