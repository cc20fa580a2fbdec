"""What the digits lab shows: samples of fixed noise, real neighbours, a grid to pick from.

The picked sample is framed in orange, like all fakes of the course, and its real neighbour in blue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tgan_lessons.charts import TEXT
from tgan_lessons.data import to_uint8
from tgan_lessons.losses import pack
from tgan_lessons.planes import FAKE, NET, REAL, font

if TYPE_CHECKING:
    import ipywidgets as widgets
    from PIL.Image import Image

    from tgan_lessons.gan import GAN

ROWS, SIDE = 8, 28  # rows of samples, and pixels of an image
SHEET, HEAD = 400, 24  # pixels of the picture's side, and of the classes above its columns
TILE = 80  # pixels of a single image beside the picture
TRIED = 200  # real images whose own nearest neighbours tell what is usual
BUTTON = 26  # pixels

Tensor = Any


class Painter:
    """Paints a sheet of samples from fixed noise, and one more from noise that is given.

    One traced function paints both: that takes a third of the time of `GAN.paint`.

    Args:
        gan: whose generator; its variants share it.
        classes: of a conditional generator, one column each; none for any other.
        seed: of the noise.

    Attributes:
        base: the noise of the one more, shape (latent_dim,), before anything in it is set.
        columns: of the sheet; it has `ROWS` rows.
    """

    def __init__(self, gan: GAN, classes: Sequence[int] = (), seed: int = 0) -> None:
        import tensorflow as tf

        self.columns = len(classes) or ROWS
        count = ROWS * self.columns
        self.base = gan.sample_noise(1, seed + 1)[0]
        noise = tf.constant(gan.sample_noise(count, seed))
        labels = [tf.constant(np.tile(classes, ROWS).astype(np.int32))] if classes else []
        shape = [
            tf.TensorSpec([1, gan.latent_dim]),
            *([tf.TensorSpec([1], tf.int32)] * len(labels)),
        ]

        @tf.function(input_signature=shape, autograph=False)
        def paint(more: Tensor, *label: Tensor) -> Tensor:
            inputs = [tf.concat([noise, more], 0)]
            inputs += [tf.concat(pair, 0) for pair in zip(labels, label, strict=True)]
            images = gan.generator(inputs if label else inputs[0], training=False)
            return tf.cast(images[..., 0], tf.float32)

        @tf.function(input_signature=[tf.TensorSpec([count, SIDE, SIDE])], autograph=False)
        def judge(images: Tensor) -> Tensor:
            packed = pack(images[: count - count % gan.packing, ..., tf.newaxis], gan.packing)
            return gan.discriminator([packed, *labels] if labels else packed, training=False)

        self._paint, self._judge, self._labels = paint, judge, len(labels)

    def paint(self, noise: np.ndarray, label: int = 0) -> np.ndarray:
        """The sheet's images row by row, and one of `noise`: shape (ROWS · columns + 1, 28, 28).

        Args:
            noise: shape (latent_dim,).
            label: of that one, where the generator is conditional.
        """
        labels = [np.array([label], np.int32)] * self._labels
        return self._paint(np.float32(noise)[np.newaxis], *labels).numpy()

    def judge(self, images: np.ndarray) -> np.ndarray:
        """D's scores of the sheet's images (ROWS · columns, 28, 28)."""
        return self._judge(images).numpy()[:, 0]


class Neighbour(NamedTuple):
    """The real image (28, 28) that is nearest to a fake, pixel by pixel, and how far it is."""

    image: np.ndarray
    distance: float


class Neighbours:
    """Finds the nearest real image by one product of matrices.

    Args:
        real: images (n, 28, 28, 1) in [-1, 1], NumPy's or TensorFlow's.
        seed: of the real images that are tried out.

    Attributes:
        usual: the median distance of a real image to the nearest *other* one, over `TRIED` of them.
            A fake as near as that is as near as a new real digit would be.

    Raises:
        ValueError: other shapes, or fewer than two images.
    """

    def __init__(self, real: Any, seed: int = 0) -> None:
        import tensorflow as tf

        if len(real.shape) != 4 or tuple(real.shape[1:]) != (SIDE, SIDE, 1) or len(real) < 2:
            raise ValueError(
                "`real` must be at least two images (n, 28, 28, 1). "
                f"Received: shape {tuple(real.shape)}"
            )
        flat = tf.reshape(tf.convert_to_tensor(real), (-1, SIDE * SIDE))
        self._real = tf.cast(flat, tf.float32)
        self._squares = tf.reduce_sum(self._real**2, axis=1)
        count = len(real)
        tried = np.random.default_rng(seed).choice(count, min(TRIED, count), replace=False)
        pixels = tf.gather(self._real, tried)
        among = self._compare(pixels)
        among[np.arange(len(tried)), tried] = np.inf  # itself
        nearest = zip(pixels, among.argmin(axis=1), strict=True)
        self.usual = float(np.median([self._measure(*pair) for pair in nearest]))

    def find(self, image: np.ndarray) -> Neighbour:
        """The real image nearest to `image` (28, 28)."""
        pixels = np.float32(image).reshape(1, -1)
        index = int(self._compare(pixels)[0].argmin())
        found = self._real[index].numpy().reshape(SIDE, SIDE)
        return Neighbour(found, self._measure(pixels[0], index))

    def _compare(self, pixels: Tensor) -> np.ndarray:
        """‖r‖² − 2 r·p for all real r and each p: the order of the distances, shape (p, r)."""
        import tensorflow as tf

        return (self._squares - 2 * tf.matmul(pixels, self._real, transpose_b=True)).numpy()

    def _measure(self, pixels: Tensor, index: int) -> float:
        return float(np.linalg.norm(np.asarray(pixels) - self._real[int(index)].numpy()))


def draw_sheet(images: np.ndarray, picked: tuple[int, int], heads: Sequence[object] = ()) -> Image:
    """Draws samples side by side, the picked one framed.

    Args:
        images: shape (ROWS · columns, 28, 28), row by row, in [-1, 1].
        picked: (row, column), from 0.
        heads: what stands above each column; none for nothing.
    """
    from PIL import Image, ImageDraw

    columns = len(images) // ROWS
    cell, top = min(SHEET // columns, SHEET // ROWS), HEAD if heads else 0
    size = (cell * columns, cell * ROWS)
    grid = to_uint8(images).reshape(ROWS, columns, SIDE, SIDE).transpose(0, 2, 1, 3)
    sheet = Image.fromarray(grid.reshape(ROWS * SIDE, columns * SIDE)).resize(size)
    frame = Image.new("RGB", (size[0], size[1] + top), "white")
    frame.paste(sheet, (0, top))
    pen = ImageDraw.Draw(frame)
    for column in range(1, columns):
        pen.line((column * cell, top, column * cell, top + size[1]), "#555555")
    for row in range(1, ROWS):
        pen.line((0, top + row * cell, size[0], top + row * cell), "#555555")
    for column, head in enumerate(heads):
        place = ((column + 0.5) * cell, HEAD / 2)
        pen.text(place, str(head), "black", font=font(TEXT + 3), anchor="mm")
    x, y = picked[1] * cell, top + picked[0] * cell
    pen.rectangle((x, y, x + cell - 1, y + cell - 1), outline=FAKE, width=4)
    return frame


def draw_tiles(
    explored: np.ndarray,
    told: Sequence[str],
    picked: np.ndarray,
    nearest: Neighbour,
    usual: float,
    size: tuple[int, int],
) -> Image:
    """Draws the sliders' sample, and beneath it the picked one beside its nearest real neighbour.

    Args:
        explored: the sliders' sample (28, 28).
        told: lines beside it.
        picked: the picked sample (28, 28).
        nearest: of the picked one.
        usual: see `Neighbours`.
        size: pixels (width, height), at least 250 × 200.
    """
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", size, "white")
    pen, half = ImageDraw.Draw(frame), size[1] // 2

    def tile(image: np.ndarray, title: str, x: int, y: int, color: str) -> None:
        pen.text((x, y), title, color, font=font(TEXT))
        frame.paste(Image.fromarray(to_uint8(image)).resize((TILE, TILE)), (x, y + 18))
        pen.rectangle((x, y + 18, x + TILE, y + 18 + TILE), outline=color, width=2)

    tile(explored, "sample of the latent sliders", 2, 0, NET)
    pen.multiline_text((TILE + 14, 24), "\n".join(told), "black", font=font(TEXT), spacing=6)
    tile(picked, "picked", 2, half, FAKE)
    tile(nearest.image, "nearest real", TILE + 8, half, REAL)
    words = f"{nearest.distance:.1f} apart\nreal ones:\n{usual:.1f} apart"
    pen.multiline_text((2 * TILE + 16, half + 18), words, "black", font=font(TEXT), spacing=4)
    return frame


class PickPad:
    """A grid of small buttons, one for each sample of the sheet, by mouse, touch or keyboard.

    Core widgets only, so that it works wherever sliders do.

    Args:
        columns: of the sheet.
        on_pick: called with (row, column) when a button is pressed.
        guard: wraps a handler that the page calls.
    """

    def __init__(
        self,
        columns: int,
        on_pick: Callable[[int, int], None],
        guard: Callable[[Callable[..., None]], Callable[..., None]],
    ) -> None:
        import ipywidgets as widgets

        layout = widgets.Layout(
            width=f"{BUTTON}px", height=f"{BUTTON}px", margin="1px", padding="0"
        )
        style = widgets.ButtonStyle()
        self.cells: dict[tuple[int, int], widgets.Button] = {}
        for place in np.ndindex(ROWS, columns):
            tip = f"row {place[0] + 1}, column {place[1] + 1}"
            cell = widgets.Button(tooltip=tip, layout=layout, style=style)
            cell.add_class("tgan-pick")
            cell.on_click(guard(lambda _, place=place: on_pick(*place)))
            self.cells[place] = cell
        flat = widgets.Layout(margin="0", overflow="hidden")
        rows = [[self.cells[row, c] for c in range(columns)] for row in range(ROWS)]
        self.box = widgets.VBox([widgets.HBox(row, layout=flat) for row in rows])
        self.mark((0, 0))

    def mark(self, picked: tuple[int, int]) -> None:
        """Shows which sample is picked, in colour and by a dot."""
        for place, cell in self.cells.items():
            cell.button_style = "primary" if place == picked else ""
            cell.description = "●" if place == picked else "\N{NO-BREAK SPACE}"  # "" clears nothing
