"""What encoded bytes are, and how pictures are made to fit."""

import io
import re
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pictures import BLUE, RED, encoded, wav
from PIL import Image

from gemini_magics.content.files import from_bytes, link
from gemini_magics.content.images import picture, sniff, thumbnail
from gemini_magics.content.pdf import count_pages
from gemini_magics.content.tokens import estimate_tokens, unmeasured
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.messages import Attachment, Media, Message
from gemini_magics.core.pictures import open_picture
from gemini_magics.core.settings import Settings

SETTINGS = Settings()


def flag(width=40, height=20, mode="RGB"):
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image.convert(mode)


def noise(width, height):
    """A picture that no encoder makes small."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8))


def decoded(media):
    image = Image.open(io.BytesIO(media.data))
    assert image.size == (media.width, media.height)
    assert f"image/{image.format.lower()}" == media.type
    return image


def is_flag(media):
    image = decoded(media).convert("RGB")
    left, right = image.getpixel((image.width // 4, 5)), image.getpixel((image.width * 3 // 4, 5))
    return left[0] > 240 > 20 > left[2] and right[2] > 240 > 20 > right[0]


def mp4(seconds=12, scale=600, brand=b"isom"):
    """The boxes that tell what an MP4 is and how long it lasts, without a picture in it."""
    times = struct.pack(">IIII", 0, 0, scale, seconds * scale)
    header = struct.pack(">I4sI", 108, b"mvhd", 0) + times + bytes(80)
    return struct.pack(">I4s4sI", 20, b"ftyp", brand, 0) + brand + struct.pack(">I4s", 116, b"moov") + header


def pdf(pages=2, packed=False):
    file = io.BytesIO()
    first, *more = [Image.new("L", (8, 8))] * pages
    first.save(file, "PDF", save_all=True, append_images=more)
    if not packed:
        return file.getvalue()
    objects = zlib.compress(b"<< /Type /Page >> " * pages + b"<< /Type /Pages >>")
    return b"%PDF-1.5\n1 0 obj\n<< /Type /ObjStm /Filter /FlateDecode >>\nstream\n" + objects + b"\nendstream"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(width, height, colours=2, pixels=b""):
    """A PNG of 8 bits, each of whose pixels has red, green and blue (2), or a place in a palette (3)."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def huge_png(width=12_000, height=12_000):
    """A PNG of 144 million pixels in a few hundred bytes: its header says so, its data end at once."""
    return png_file(width, height)


@pytest.mark.parametrize(
    "url",
    ["http://a.example/?key=hidden-123", "https://me:b/hidden-123@a.example", "https:/me:hidden-123@a.example",
     "https:\\\\me:hidden-123@a.example", "https://me:hidden 123@a.example", "https://localhost/#hidden-123",
     "me:hidden-123@a.example", "https://me:?hidden-123@a.example"],
)  # fmt: skip
def test_a_link_that_is_refused_is_named_without_what_may_be_secret_in_it(url):
    with pytest.raises(CannotAttach, match=r"URL|leads to this machine") as raised:
        link(url, url)
    assert "hidden" not in str(raised.value)


KINDS = {
    "image/png": encoded(flag()),
    "image/jpeg": encoded(flag(), "JPEG"),
    "image/webp": encoded(flag(), "WEBP"),
    "image/gif": encoded(flag(), "GIF"),
    "image/bmp": encoded(flag(), "BMP"),
    "image/tiff": encoded(flag(), "TIFF"),
    "image/heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "image/svg+xml": b'<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "application/pdf": pdf(),
    "audio/wav": wav(0.01),
    "audio/mp3": b"\xff\xfb\x90\x64" + bytes(400),
    "audio/aac": b"\xff\xf1\x50\x80" + bytes(20),
    "audio/flac": b"fLaC\0\0\0\x22" + bytes(34),
    "audio/ogg": b"OggS\0\x02" + bytes(20),
    "audio/aiff": b"FORM\0\0\0\x2eAIFFCOMM",
    "video/mp4": mp4(),
    "video/mov": mp4(brand=b"qt  "),
    "video/3gpp": mp4(brand=b"3gp5"),
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
    "video/avi": b"RIFF\0\0\0\0AVI LIST",
    "video/mpeg": b"\0\0\x01\xba\x44\0",
    "video/x-flv": b"FLV\x01\x05",
    "video/wmv": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_are_what_they_begin_with(kind):
    assert sniff(KINDS[kind]) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BMW, Audi and Ford sold fewer cars",
        b"ID3 tags hold the title",
        b"\xff\xfeh\0i\0",  # UTF-16
        b"<!DOCTYPE html><html><svg></svg></html>",
        b"<!--" * 1000,
        mp4(brand=b"crx "),
        bytes(100),
    ],
)
def test_what_only_looks_like_a_medium_is_none(data):
    assert sniff(data) is None


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("as_file", [True, False])
def test_a_map_keeps_its_brightness_beside_pixels_where_nothing_was_measured(gap, as_file):
    heights = np.linspace(100, 4000, 800, dtype=np.float32).reshape(20, 40)
    heights[0, :3] = gap
    image = Image.fromarray(heights)
    media, note = picture(encoded(image, "TIFF") if as_file else image, "map", SETTINGS)
    grey = np.asarray(decoded(media))
    assert grey[0, :3].tolist() == [0, 0, 0]
    assert grey[-1, -1] == 255
    assert int(grey[10, 20]) == pytest.approx(133, abs=2)
    assert note.endswith("to 4000 as black to white, black where there is no number")


def test_a_map_on_which_nothing_was_measured_is_black_and_says_so():
    media, note = picture(Image.fromarray(np.full((20, 40), np.nan, dtype=np.float32)), "map", SETTINGS)
    assert decoded(media).getextrema() == (0, 0)
    assert "black where there is no number, all of one colour" in note


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_what_fits_goes_byte_for_byte(kind, mode):
    data = encoded(flag(mode=mode), kind)
    media, note = picture(data, "photo", SETTINGS)
    assert (media.data, media.type, media.width, media.height) == (data, f"image/{kind.lower()}", 40, 20)
    assert note == ""


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_become_png(kind):
    media, note = picture(encoded(flag(), kind), "photo", SETTINGS)
    assert media.type == "image/png"
    assert is_flag(media)
    assert note == f"{kind} as PNG"


@pytest.mark.parametrize(("kind", "what"), [("GIF", "frames"), ("TIFF", "pages"), ("WEBP", "frames")])
def test_of_several_frames_the_first_goes_and_the_note_says_so(kind, what):
    more = [Image.new("RGB", (40, 20), colour) for colour in ("green", "black")]
    data = encoded(
        flag(), kind, save_all=True, append_images=more, **({"lossless": True} if kind == "WEBP" else {})
    )
    media, note = picture(data, "film", SETTINGS)
    assert is_flag(media)
    assert note.startswith(f"first of 3 {what}")


def tiff(*more, pages=1, ends_in=0):
    """A TIFF whose pages are all the same grey pixel; `more` are entries of their tables."""
    entries = [
        (256, 3, 1, 1),
        (257, 3, 1, 1),
        (258, 3, 1, 8),
        (262, 3, 1, 1),
        (273, 4, 1, 0),
        (278, 3, 1, 1),
        *more,
    ]
    table = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", *entry) for entry in sorted(entries)
    )
    starts = [8 + page * (len(table) + 4) for page in range(1, pages)]
    return b"II*\0\x08\0\0\0" + b"".join(table + struct.pack("<I", start) for start in [*starts, ends_in])


@pytest.mark.parametrize(
    ("pages", "said"), [(999, "999"), (1000, "more than 1,000"), (30_000, "more than 1,000")]
)
def test_pages_of_a_tiff_are_counted_up_to_a_thousand(pages, said):
    assert picture(tiff(pages=pages), "scan", SETTINGS)[1].startswith(f"first of {said} pages")


def test_pages_that_lead_in_a_circle_are_counted_once():
    assert picture(tiff(ends_in=8), "scan", SETTINGS)[1].startswith("TIFF as PNG")


BROKEN = {
    "no width": png_file(0, 2),
    "no palette": png_file(2, 2, colours=3, pixels=bytes(9)),
    "a next page that is nowhere": tiff(ends_in=2**32 - 1),
    "a page with a number for its colours": tiff((34675, 4, 1, 5)),
    "a page with a number for its XMP": tiff((700, 4, 1, 5), (274, 3, 1, 6)),
    "a second frame without an end": encoded(flag(), "GIF")[:-1] + b"\x21\xf9\x01\x01\0",
    "a surface of no kind": encoded(flag(), "DDS").replace(
        struct.pack("<II", 32, 0x40), struct.pack("<II", 32, 1 << 28)
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_picture_is_one_line_whatever_its_reader_stumbles_over(name):
    with pytest.raises(CannotAttach, match=r"save it again, as PNG") as raised:
        from_bytes(BROKEN[name], "x", SETTINGS)
    assert not re.search(r"\(\)|0x", str(raised.value))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"])
def test_pillow_images_of_every_mode_become_png(mode):
    if mode == "LAB":
        image = Image.new("LAB", (40, 20), (128, 0, 0))
    else:
        image = flag(mode="LA").convert("PA") if mode == "PA" else flag(mode=mode)
    media, _ = picture(image, "image", SETTINGS)
    assert decoded(media).mode in ("1", "L", "P", "RGB", "RGBA")
    if mode in ("P", "RGB", "RGBA", "CMYK"):
        assert is_flag(media)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("as_file", [True, False])
def test_deep_pixels_are_stretched_and_the_note_says_between_which_values(dtype, as_file):
    image = Image.fromarray(np.linspace(100, 4000, 800).reshape(20, 40).astype(dtype))
    source = encoded(image, "TIFF") if as_file else image
    media, note = picture(source, "scan", SETTINGS)
    assert decoded(media).getextrema() == (0, 255)
    assert "values 100 to 4000 as black to white" in note


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_long_side_over_the_limit_is_scaled_and_the_note_says_from_what(kind):
    media, note = picture(encoded(flag(400, 200), kind), "wide", Settings(image_side_px=100))
    assert (media.width, media.height) == (100, 50)
    assert is_flag(media)
    assert note == "scaled from 400 × 200"
    assert media.type == ("image/jpeg" if kind == "JPEG" else "image/png")


def test_a_thin_picture_keeps_a_pixel():
    assert picture(Image.new("L", (500, 2)), "line", Settings(image_side_px=100))[0].height == 1


def test_a_photo_taken_sideways_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    media, note = picture(encoded(flag(40, 20), "JPEG", exif=exif), "photo.jpg", SETTINGS)
    turned = decoded(media)
    assert turned.size == (20, 40)
    assert turned.getpixel((10, 5))[0] > 200
    assert turned.getpixel((10, 35))[2] > 200
    assert note == "turned upright"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_the_place_where_a_photo_was_taken_is_not_sent(kind):
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 0.0)
    data = encoded(flag(), kind, exif=exif, comment=b"at home")
    media, note = picture(data, "photo", SETTINGS)
    assert not decoded(media).getexif()
    assert b"at home" not in media.data
    assert is_flag(media)
    assert note == "without the place where it was taken"


def test_a_pillow_image_is_left_as_it_is():
    image = flag(400, 200, "P")
    before = (image.mode, image.size, image.tobytes(), dict(image.info))
    picture(image, "image", Settings(image_side_px=50))
    assert (image.mode, image.size, image.tobytes(), dict(image.info)) == before


def test_a_png_over_the_limit_becomes_a_jpeg():
    image = noise(300, 300)
    media, note = picture(image, "noise", Settings(image_bytes=250_000))
    assert (media.type, note) == ("image/jpeg", "as JPEG")
    assert media.size_bytes <= 250_000
    assert np.abs(np.asarray(decoded(media), float) - np.asarray(image, float)).mean() < 10


def test_what_is_transparent_in_it_stands_on_white_then():
    pixels = np.random.default_rng(1).integers(0, 256, (300, 300, 4), np.uint8)
    pixels[:100, :, 3] = 0
    media, _ = picture(Image.fromarray(pixels), "noise", Settings(image_bytes=200_000))
    assert min(decoded(media).getpixel((150, 50))) > 200


@pytest.mark.parametrize("source", [noise(300, 300), KINDS["image/heic"] + bytes(20_000)])
def test_a_picture_that_stays_too_large_says_how_to_raise_the_limit(source):
    with pytest.raises(CannotAttach) as caught:
        picture(source, "noise", Settings(image_bytes=10_000))
    said = re.fullmatch(
        r"noise has .+ kB, and a picture may have 10\.0 kB: make it smaller, "
        r"or raise the limit with %config GeminiMagics\.image_bytes = ([\d_]+)\.",
        str(caught.value),
    )
    picture(source, "noise", Settings(image_bytes=int(said[1])))


def test_heic_goes_as_it_is():
    media, note = picture(KINDS["image/heic"], "photo.heic", SETTINGS)
    assert (media.type, media.data, media.width, note) == ("image/heic", KINDS["image/heic"], None, "")


@pytest.mark.parametrize("data", [huge_png(), huge_png(9_200, 9_200)])
def test_too_many_pixels_are_refused_before_they_are_decoded(data):
    with pytest.raises(CannotAttach, match=r"bomb\.png has .+ pixels, and 80 million are the most"):
        picture(data, "bomb.png", SETTINGS)


def camera_data(blocks):
    """A photo with its camera's data in so many blocks."""
    photo, block = encoded(flag(), "JPEG"), b"Exif\0\0" + b"a" * 8
    return photo[:2] + (b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block) * blocks + photo[2:]


def commented(comments):
    """A map of one pixel with so many comments."""
    return b"P2 1 1 255\n" + b"# why\n" * comments + b"0\n"


@pytest.mark.parametrize("data", [camera_data(5_000), commented(20_000)], ids=["camera data", "comments"])
def test_a_picture_with_thousands_of_notes_is_refused_before_they_are_joined(data):
    with pytest.raises(CannotAttach, match=r"scan is a picture with more than [\d,]+ notes beside its pixels"):
        from_bytes(data, "scan", SETTINGS)


@pytest.mark.parametrize("data", [camera_data(3), commented(900)], ids=["camera data", "comments"])
def test_a_picture_with_notes_is_sent(data):
    assert from_bytes(data, "scan", SETTINGS).kind == "image"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
def test_a_cut_picture_is_said_to_be_cut(kind, share):
    data = encoded(noise(60, 40), kind)
    with pytest.raises(CannotAttach, match="cut off or broken"):
        picture(data[: int(len(data) * share)], "half", SETTINGS)


def test_a_picture_without_pixels_is_refused():
    with pytest.raises(CannotAttach, match="without pixels"):
        picture(Image.new("RGB", (0, 5)), "nothing", SETTINGS)


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/webp"])
def test_a_thumbnail_is_a_small_png(kind):
    media, _ = picture(encoded(flag(400, 200), kind.removeprefix("image/")), "photo", SETTINGS)
    small = thumbnail(media, 50)
    assert (small.width, small.height, small.type) == (50, 25, "image/png")
    assert is_flag(small)


@pytest.mark.parametrize("media", [Media("image/heic", KINDS["image/heic"]), Media("", url="https://a.org/b.png"),
                                   Media("application/pdf", KINDS["application/pdf"])])  # fmt: skip
def test_what_cannot_be_drawn_has_no_thumbnail(media):
    assert thumbnail(media) is None


LABELS = {
    "fig · figure · 640 × 480 px · 21.0 kB": Attachment(
        "fig", "figure", Media("image/png", bytes(21_000), None, 640, 480)
    ),
    "df · table · 12 B · 60 of 1,000 rows": Attachment("df", "table", "x" * 12, "60 of 1,000 rows"),
    "https://a.org/b.png · link": Attachment(
        "https://a.org/b.png", "link", Media("image/png", url="https://a.org/b.png")
    ),
    "a⟨U+202E⟩gnp.exe · text · 3 B": Attachment("a\u202egnp.exe", "text", "\ud800"),
}


@pytest.mark.parametrize("label", LABELS)
def test_a_label_says_name_kind_pixels_bytes_and_what_was_done(label):
    assert LABELS[label].label == label


def of(*parts):
    return [Message("user", parts)]


TOKENS = [
    (0, of()),
    (2, of("12345678")),
    (3, of("123456789")),
    (1120, of(Attachment("a", "image", Media("image/png", KINDS["image/png"])))),
    (2 * 560, of(Attachment("a", "PDF", Media("application/pdf", pdf(2))))),
    (3 * 560, of(Attachment("a", "PDF", Media("application/pdf", pdf(3, packed=True))))),
    (64, of(Attachment("a", "audio", Media("audio/wav", wav(2.0))))),
    (12 * 102, of(Attachment("a", "video", Media("video/mp4", mp4(12))))),
    (1120 + 2, of("12345678", link("https://example.org/a.png", "a"))),
]  # fmt: skip


@pytest.mark.parametrize(("tokens", "turns"), TOKENS)
def test_tokens_are_estimated_by_the_models_own_figures(tokens, turns):
    assert estimate_tokens(turns) == tokens
    assert unmeasured(turns) == ()


UNMEASURED = [
    Media("audio/mp3", KINDS["audio/mp3"]),
    Media("video/mp4", mp4()[:40]),
    Media("audio/wav", b"RIFF"),
    Media("", url="https://example.org/x"),
    Media("application/pdf", b"%PDF-1.7 /Encrypt"),
]


@pytest.mark.parametrize("media", UNMEASURED)
def test_what_cannot_be_measured_is_left_out_and_named(media):
    turns = of("12345678", Attachment("clip", "video", media))
    assert estimate_tokens(turns) == 2
    assert unmeasured(turns) == ("clip",)


def test_the_tree_of_pages_is_no_page():
    assert count_pages(b"<< /Type /Pages /Count 7 >> << /Type /Page >> <</Type/Page/Parent 1 0 R>>") == 2


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.org/a.png", "image/png"),
        ("https://example.org/a%20b.JPG?size=3#x", "image/jpeg"),
        ("https://example.org/paper.pdf", "application/pdf"),
        ("https://example.org/", ""),
        ("https://müller.example/bild", ""),
        ("https://8.8.8.8/a", ""),
        ("https://[2606:4700::1111]/a", ""),
    ],
)
def test_a_public_https_url_goes_as_it_is(url, kind):
    attachment = link(url, "it")
    assert (attachment.content.url, attachment.content.type, attachment.kind) == (url, kind, "link")
    assert attachment.content.data == b""


REFUSED_URLS = {
    "http://example.org/a.png": "only https",
    "ftp://example.org/a.png": "only https",
    "file:///etc/passwd": "only https",
    "https://me:secret@example.org/a": "password",
    "https://me@example.org/a": "password",
    "https://localhost/a": "private",
    "https://LOCALHOST./a": "private",
    "https://app.localhost:8888/a": "private",
    "https://nas.local/a": "private",
    "https://intranet/a": "private",
    "https://build.corp/a": "private",
    "https://127.0.0.1/a": "private",
    "https://127.1/a": "private",
    "https://2130706433/a": "private",
    "https://0x7f000001/a": "private",
    "https://127.0.0.0x1/a": "private",
    "https://10.0.0.1/a": "private",
    "https://192.168.1.1/a": "private",
    "https://169.254.169.254/latest": "private",
    "https://100.64.0.1/a": "private",
    "https://0.0.0.0/a": "private",
    "https://224.0.0.1/a": "private",
    "https://[::1]/a": "private",
    "https://[fe80::1]/a": "private",
    "https://[fd00::1]/a": "private",
    "https://[::ffff:127.0.0.1]/a": "private",
    "https://[2002:7f00:1::]/a": "private",
    "https://１２７.0.0.1/a": "private",
    "https://%31%32%37.0.0.1/a": "private",
    "https://127.0.0。1/a": "private",
    "https://a.b。localhost/a": "private",
    "https://router.local｡/a": "private",
    "https://[::127.0.0.1]/a": "private",
    "https://[64:ff9b::10.0.0.1]/a": "private",
    "https://127.0.0.1\ufe0f/a": "well-formed",
    "https://a.local\u180bhost/a": "well-formed",
    "https://10.0.0.1\u034f/a": "well-formed",
    "https:///a": "private",
    "https://example.org\\@localhost/a": "well-formed",
    "https://example.org/a b": "well-formed",
    "https://exam\tple.org/a": "well-formed",
    "https://[::1/a": "well-formed",
    "https://example.org:port/a": "well-formed",
}


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_other_urls_are_refused(url):
    with pytest.raises(CannotAttach, match=REFUSED_URLS[url]) as caught:
        link(url, "it")
    assert "secret" not in str(caught.value)


def test_an_opened_photo_stands_upright_as_by_its_path():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    data = encoded(flag(400, 200), "JPEG", exif=exif)
    by_path, opened = picture(data, "photo", SETTINGS), picture(Image.open(io.BytesIO(data)), "photo", SETTINGS)
    assert [(media.width, media.height) for media, _ in (by_path, opened)] == [(200, 400)] * 2
    assert by_path[1] == opened[1] == "turned upright"


def test_pictures_that_two_columns_open_at_once_leave_the_filters_of_warnings_as_they_were(monkeypatch):
    png, before, real = encoded(flag(), "PNG"), [*warnings.filters], Image.open
    first_is_open, second_is_open = threading.Event(), threading.Event()

    def opened(*arguments, **options):
        if not first_is_open.is_set():
            first_is_open.set()
            second_is_open.wait(0.2)  # it may wait for the first
        else:
            second_is_open.set()
            first.result()
        return real(*arguments, **options)

    monkeypatch.setattr(Image, "open", opened)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(open_picture, png, "a")
        first_is_open.wait()
        pool.submit(open_picture, png, "b").result()
    assert warnings.filters == before
