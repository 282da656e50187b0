"""Photographs people send, made safe: decoded by Pillow and written anew, so that nothing but pixels is kept.

What is stored was written by us. A file that is a picture and something else (a page, a script, an archive) loses the something else;
place, time and device (EXIF) go with it; and no decoder but ours ever sees what was sent.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

ACCEPTED = ("JPEG", "PNG", "WEBP")
JPEG, PNG = "image/jpeg", "image/png"
# A phone's camera makes 12 to 50 megapixels; more is a decompression bomb.
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 2000
LONGEST_SIGNATURE_SIDE = 1200
LEAST_SIDE = 50
QUALITY = 85


class NotAPicture(ValueError):
    """The bytes are no picture that is taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept."""

    content: bytes
    content_type: str
    width: int
    height: int


def photograph(content: bytes) -> Picture:
    """A photograph turned upright, at most 2,000 pixels long, as JPEG without metadata. Raises NotAPicture."""
    with _opened(content) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    if min(upright.size) < LEAST_SIDE:
        raise NotAPicture("is too small to be read")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), JPEG, *upright.size)


def signature(content: bytes) -> Picture:
    """A drawn signature in black on white as PNG. Raises NotAPicture; also when nothing was drawn."""
    with _opened(content) as opened:
        drawn = opened.convert("RGBA")
    drawn.thumbnail((LONGEST_SIGNATURE_SIDE, LONGEST_SIGNATURE_SIDE))
    paper = Image.new("RGBA", drawn.size, "white")
    paper.alpha_composite(drawn)
    ink = paper.convert("L")
    darkest, lightest = ink.getextrema()
    if darkest == lightest:
        raise NotAPicture("is empty: nothing was drawn")
    out = io.BytesIO()
    ink.save(out, "PNG", optimize=True)
    return Picture(out.getvalue(), PNG, *ink.size)


def _opened(content: bytes) -> Image.Image:
    """The decoded picture, of an accepted format and size."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content), formats=ACCEPTED)
            if opened.width * opened.height > MOST_PIXELS:
                raise NotAPicture("has too many pixels")
            opened.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise NotAPicture("has too many pixels") from None
    except UnidentifiedImageError:
        raise NotAPicture("must be a picture (JPEG, PNG or WebP)") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, NotAPicture):
            raise
        raise NotAPicture("cannot be read: the picture is broken") from None
    return opened


def shape(content: bytes) -> tuple[int, int]:
    """Width and height in pixels of a picture that we wrote."""
    with Image.open(io.BytesIO(content)) as opened:
        return opened.size
