"""Pictures and sounds to attach, and what a picture that would be sent looks like."""

import io
import wave

from PIL import Image

RED, BLUE = (255, 0, 0), (0, 0, 255)


def picture_of(attachment):
    """Decode what would be sent."""
    image = Image.open(io.BytesIO(attachment.content.data))
    assert image.size == (attachment.content.width, attachment.content.height)
    assert attachment.content.type == f"image/{image.format.lower()}"
    return image.convert("RGB")


def colours_of(attachment):
    """The colours that fill more than a thousandth of a picture, white aside."""
    image = picture_of(attachment)
    counted = image.getcolors(image.width * image.height)
    return {colour for count, colour in counted if count > image.width * image.height / 1000} - {
        (255, 255, 255)
    }


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def red(width=40, height=30):
    return Image.new("RGB", (width, height), RED)


def wav(seconds=0.1, rate=8000):
    """Silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(int(seconds * rate) * 2))
    return file.getvalue()


SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
    '<rect width="40" height="20" fill="#0000ff"/></svg>'
)
