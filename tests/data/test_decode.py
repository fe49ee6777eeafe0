from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import huge_png, jpeg_bytes, noise, truncated_jpeg
from PIL import Image

from edgewise.data.decode import UnreadableError, decode, quiet


def saved(path: Path, image: Image.Image, **options) -> np.ndarray:
    image.save(path, **options)
    decoded = decode(path)
    assert decoded.dtype == np.uint8
    assert decoded.shape[2] == 3
    return decoded


def test_rgb_is_exact(tmp_path):
    image = noise(0)
    np.testing.assert_array_equal(saved(tmp_path / "a.png", Image.fromarray(image)), image)


def test_grey_becomes_three_equal_channels(tmp_path):
    grey = noise(1)[:, :, 0]
    np.testing.assert_array_equal(saved(tmp_path / "a.png", Image.fromarray(grey)), np.stack([grey] * 3, axis=2))


def test_black_and_white(tmp_path):
    bits = noise(1)[:, :, 0] > 127
    made = saved(tmp_path / "a.png", Image.fromarray(bits))
    np.testing.assert_array_equal(made[:, :, 1], bits * 255)


def test_transparent_pixels_lie_on_white(tmp_path):
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0] = [(200, 10, 20, 255), (200, 10, 20, 0), (0, 0, 0, 128)]
    made = saved(tmp_path / "a.png", Image.fromarray(rgba))
    np.testing.assert_allclose(made[0].astype(int), [(200, 10, 20), (255, 255, 255), (127, 127, 127)], atol=1)


def test_grey_with_alpha_lies_on_white(tmp_path):
    pair = np.array([[(90, 255), (90, 0)]], np.uint8)
    made = saved(tmp_path / "a.png", Image.merge("LA", _bands(pair)))
    np.testing.assert_array_equal(made[0], [(90, 90, 90), (255, 255, 255)])


def _bands(pixels: np.ndarray) -> list[Image.Image]:
    return [Image.fromarray(np.ascontiguousarray(pixels[:, :, band])) for band in range(pixels.shape[2])]


@pytest.mark.parametrize("transparency", [None, 1, bytes([255, 0, 128])])
def test_palette(tmp_path, transparency):
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8))
    image = image.convert("P")
    image.putpalette([10, 20, 30, 40, 50, 60, 0, 0, 0])
    made = saved(tmp_path / "a.png", image, **({} if transparency is None else {"transparency": transparency}))
    expected = {
        None: [(10, 20, 30), (40, 50, 60), (0, 0, 0)],
        1: [(10, 20, 30), (255, 255, 255), (0, 0, 0)],
        bytes([255, 0, 128]): [(10, 20, 30), (255, 255, 255), (127, 127, 127)],
    }
    np.testing.assert_allclose(made[0].astype(int), expected[transparency], atol=1)


def test_cmyk_jpeg(tmp_path):
    colours = Image.new("RGB", (32, 32), (200, 30, 60)).convert("CMYK")
    made = saved(tmp_path / "a.jpg", colours, quality=95)
    np.testing.assert_allclose(made.mean((0, 1)), (200, 30, 60), atol=6)


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path):
    deep = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    made = saved(tmp_path / "a.png", Image.fromarray(deep))
    np.testing.assert_array_equal(made[0, :, 0], [0, 1, 128, 255])
    np.testing.assert_array_equal(made[:, :, 0], made[:, :, 2])


def test_sixteen_bit_tiff(tmp_path):
    made = saved(tmp_path / "a.tif", Image.fromarray(np.array([[0, 32896, 65535]], np.uint16)))
    np.testing.assert_array_equal(made[0, :, 1], [0, 128, 255])


@pytest.mark.parametrize("largest", [1.0, 255.0])
def test_floating_point_tiff(tmp_path, largest):
    values = np.array([[0, 0.5, 1.0]], np.float32) * np.float32(largest)
    made = saved(tmp_path / "a.tif", Image.fromarray(values))
    np.testing.assert_array_equal(made[0, :, 0], [0, 128, 255])


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_exif_rotation_is_applied(tmp_path, suffix):
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20] = 255  # white on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # a viewer turns it a quarter clockwise: white on top
    made = saved(tmp_path / f"a{suffix}", Image.fromarray(image), exif=exif)
    assert made.shape == (40, 20, 3)
    assert made[:15].mean() > 250
    assert made[25:].mean() < 5


def test_the_first_frame_of_an_animation(tmp_path):
    red, blue = (Image.new("RGB", (4, 4), colour) for colour in ("red", "blue"))
    made = saved(tmp_path / "a.gif", red, save_all=True, append_images=[blue])
    np.testing.assert_array_equal(made[0, 0], (255, 0, 0))


def test_the_name_does_not_matter(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(jpeg_bytes(noise(3)))
    assert decode(path).shape == (12, 16, 3)


def test_what_is_bad_is_said_in_words(tmp_path):
    def reason(path: Path) -> str:
        with quiet(), pytest.raises(UnreadableError) as caught:
            decode(path)
        return str(caught.value)

    empty = tmp_path / "empty.jpg"
    empty.touch()
    assert reason(empty) == "is empty (0 bytes)"
    text = tmp_path / "text.jpg"
    text.write_text("hello")
    assert reason(text) == "is not an image in a format that can be read"
    assert reason(tmp_path / "absent.jpg") == "does not exist"
    assert "truncated" in reason(truncated_jpeg(tmp_path / "half.jpg"))
    damaged = tmp_path / "damaged.png"
    Image.fromarray(noise(4, 64, 64)).save(damaged)
    content = bytearray(damaged.read_bytes())
    content[200:3000] = b"\x00" * 2800
    damaged.write_bytes(content)
    assert "is corrupt or truncated" in reason(damaged)
    # Between Pillow's warning (89 megapixels), our limit and Pillow's own (179).
    assert reason(huge_png(tmp_path / "bomb.png", 12_000)) == (
        "is too large: 12000 × 12000 = 144 megapixels, and the limit is 100"
    )
    assert reason(huge_png(tmp_path / "larger.png", 30_000)) == "is too large: more than 100 megapixels"
    assert "cannot be read" in reason(tmp_path)
