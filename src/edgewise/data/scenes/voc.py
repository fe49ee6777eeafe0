"""Pascal VOC: one XML file an image (Everingham et al., 2010)."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from edgewise.data.decode import BadImage
from edgewise.data.scenes.found import FoundBoxes, Marked, Thing
from edgewise.errors import EdgewiseError

_SPLITS = ("train", "val", "test")
_IMAGES = (".jpg", ".jpeg", ".png", ".bmp")


def is_voc(root: Path) -> bool:
    return (root / "Annotations").is_dir() and (root / "JPEGImages").is_dir()


def read_voc(root: Path) -> FoundBoxes:
    """`Annotations/NAME.xml` and `JPEGImages/NAME.jpg`, in the splits of `ImageSets/Main/{train,val,test}.txt` where
    they are; objects marked `difficult` are not scored. Raises `EdgewiseError` for lists without images."""
    lists = {name: root / "ImageSets" / "Main" / f"{name}.txt" for name in _SPLITS}
    lists = {name: path for name, path in lists.items() if path.is_file()}
    files: list[tuple[Path, str | None]] = []
    for split, path in lists.items():
        stems = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        files += [(root / "Annotations" / f"{stem}.xml", split) for stem in stems]
    if not lists:
        files = [(path, None) for path in sorted((root / "Annotations").glob("*.xml"))]
    if not files:
        raise EdgewiseError(
            f"{root} has no annotations: no XML files in Annotations/, or empty lists in ImageSets/Main/"
        )
    marked: list[Marked] = []
    bad: list[BadImage] = []
    for path, split in files:
        image = _image_of(root, path.stem)
        name = image.relative_to(root).as_posix()
        try:
            marked.append(Marked(image, name, split, _things(path)))
        except _XMLError as error:
            bad.append(BadImage(name, f"has annotations that cannot be read: {path.name} {error}"))
    given = {split: f"ImageSets/Main/{split}.txt" for split in lists}
    return FoundBoxes(str(root), None, tuple(marked), given, bad=tuple(bad))


class _XMLError(Exception):
    """The message continues a sentence that begins with the file's name."""


def _image_of(root: Path, stem: str) -> Path:
    images = root / "JPEGImages"
    found = (images / f"{stem}{suffix}" for suffix in _IMAGES)
    return next((path for path in found if path.exists()), images / f"{stem}.jpg")


def _things(path: Path) -> tuple[Thing, ...]:
    try:
        top = ElementTree.parse(path).getroot()
    except FileNotFoundError:
        raise _XMLError("does not exist") from None
    except (OSError, ElementTree.ParseError) as error:
        raise _XMLError(f"is no XML ({error})") from None
    things: list[Thing] = []
    for item in top.findall("object"):
        label = (item.findtext("name") or "").strip()
        sides = [item.findtext(f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
        try:
            left, top_, right, bottom = (float(side or "") for side in sides)
        except ValueError:
            raise _XMLError("has an object without the four numbers of a bndbox") from None
        if not label:
            raise _XMLError("has an object without a name")
        # Pixels are counted from 1, and the last one belongs to the box.
        box = (left - 1, top_ - 1, right, bottom)
        things.append(Thing(label, box, unscored=(item.findtext("difficult") or "0").strip() == "1"))
    return tuple(things)
