"""Name the kinds of files that are not sent, with the line that opens them in Python."""

from __future__ import annotations

import json
import os
import re
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from .file_types import HEAD_BYTES

_MOST_NAMES = 10_000  # of the files in a zip that are looked at
_MOST_TABLE_BYTES = 4_000_000  # of their table, which zipfile reads as a whole
_END_BYTES = 100 + 2**16  # of the records behind it, with a comment
_END = re.compile(rb"PK\x05\x06(?=.{8}(.{4}))", re.DOTALL)  # with the length of the table

# The kind of a file, and how to open it; {} stands for its path in Python, or for its bytes as a file.
_EXCEL = "an Excel workbook", "read it with pd.read_excel({})"
_WORD = "a Word document", "save it as PDF"
_SLIDES = "a presentation", "save it as PDF"
_BOOK = "an e-book", "save it as PDF or text"
_ARRAYS = "a NumPy archive", 'read one of its arrays with np.load({})["NAME"]'
_UNPACK = "an archive", "unpack it and name a file of it"
_PACKED = "a compressed file", "unpack it, or read a table with pd.read_csv({})"
_SPREADSHEET = "an OpenDocument spreadsheet", 'read it with pd.read_excel({}, engine="odf")'
_OLD_OFFICE = "an old Office document", "save it as PDF, or read a workbook with pd.read_excel({})"
_PICKLE = "a pickle", "it runs code when it is loaded: load your own alone, with pd.read_pickle({})"
_WEIGHTS = "a model's weights", "print what you ask about, and name that"
_PROGRAM = "a program", "name its source"
_SQLITE = "a SQLite database", 'read a query with pd.read_sql("SELECT ...", sqlite3.connect({}))'
_MAP = "a file of geodata", "read it with geopandas.read_file({})"
_NETCDF = "a NetCDF file", "read it with xarray.open_dataset({})"
_STATA = "a Stata file", "read it with pd.read_stata({})"
_R = "data of R", "read it with pyreadr.read_r({})"
_FONT = "a font", "draw a text with it, and name the picture"

_BEGINNINGS = (
    # A pointer stands in a clone for a large file that was not fetched, under its name and with its ending:
    # https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md#the-pointer
    (
        b"version https://git-lfs.github.com/spec/",
        "a pointer of Git LFS",
        "get the file itself with git lfs pull",
    ),
    # https://git-annex.branchable.com/internals/pointer_file/
    (b"/annex/objects/", "a pointer of git-annex", "get the file itself with git annex get {}"),
    (b"PAR1", "a Parquet file", "read it with pd.read_parquet({})"),
    (b"ARROW1", "a Feather file", "read it with pd.read_feather({})"),
    (b"FEA1", "a Feather file", "read it with pd.read_feather({})"),
    (b"ORC", "an ORC file", "read it with pd.read_orc({})"),
    (b"Obj\x01", "an Avro file", "read it with fastavro.reader(open({}, 'rb'))"),
    (b"SQLite format 3\0", *_SQLITE),
    (b"\x93NUMPY", "a NumPy array", "read it with np.load({})"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "read a table with pd.read_hdf({}), or a part with h5py.File({})"),
    (b"CDF\x01", *_NETCDF),
    (b"CDF\x02", *_NETCDF),
    (b"CDF\x05", *_NETCDF),
    (b"<stata_dta>", *_STATA),
    (b"$FL2", "an SPSS file", "read it with pd.read_spss({})"),
    (b"$FL3", "an SPSS file", "read it with pd.read_spss({})"),
    (
        b"HEADER RECORD*******LIBRARY HEADER RECORD",
        "a SAS file",
        'read it with pd.read_sas({}, format="xport")',
    ),
    (
        bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011"),
        "a SAS file",
        "read it with pd.read_sas({})",
    ),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file", "read it with scipy.io.loadmat({})"),
    (b"RDX", *_R),
    (b"RDA", *_R),
    (b"SIMPLE  =", "a FITS file", "read it with astropy.io.fits.getdata({})"),
    (b"\0\0\x27\x0a", *_MAP),
    (b"LASF", "a point cloud", "read it with laspy.read({})"),
    (b"GGUF", *_WEIGHTS),
    (b"\x80\x02", *_PICKLE),
    (b"\x80\x03", *_PICKLE),
    (b"\x80\x04", *_PICKLE),
    (b"\x80\x05", *_PICKLE),
    (b"\x1f\x8b", *_PACKED),
    (b"BZh", *_PACKED),
    (b"\xfd7zXZ\0", *_PACKED),
    (b"\x28\xb5\x2f\xfd", *_PACKED),
    (b"7z\xbc\xaf\x27\x1c", *_UNPACK),
    (b"Rar!\x1a\x07", *_UNPACK),
    (bytes.fromhex("d0cf11e0a1b11ae1"), *_OLD_OFFICE),
    (b"AT&TFORM", "a DjVu document", "save it as PDF"),
    (b"%!PS-Adobe", "a PostScript drawing", "save it as PDF or PNG"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript drawing", "save it as PDF or PNG"),
    (b"MThd", "a MIDI file", "render it as WAV or MP3"),
    (b"\x7fELF", *_PROGRAM),
    (b"MZ\x90", *_PROGRAM),
    (b"\0asm", *_PROGRAM),
    (b"\xca\xfe\xba\xbe", *_PROGRAM),
    (b"\xcf\xfa\xed\xfe", *_PROGRAM),
    (b"\xa7\r\r\n", *_PROGRAM),
    (b"wOFF", *_FONT),
    (b"wOF2", *_FONT),
    (b"OTTO\0", *_FONT),
    (b"\0\x01\0\0\0", *_FONT),
)
_INSIDE = (  # kinds that are marked behind their beginning
    (8, b"DUCK", "a DuckDB database", "read a query with duckdb.connect({})"),
    (60, b"BOOKMOBI", *_BOOK),
    (128, b"DICM", "a DICOM image", "read it with pydicom.dcmread({}).pixel_array"),
    (257, b"ustar", *_UNPACK),
)
# In this order: a binary workbook has more files under xl/ that look like those of the other kind.
_ZIPPED = (  # a file in the zip, by a pattern of its name
    (r"xl/workbook\.bin", "an Excel workbook", 'read it with pd.read_excel({}, engine="pyxlsb")'),
    (r"xl/.*", *_EXCEL),
    (r"word/.*", *_WORD),
    (r"ppt/.*", *_SLIDES),
    (r"META-INF/container\.xml", *_BOOK),
    (r".*\.npy", *_ARRAYS),
    (r".*/data\.pkl|data\.pkl", *_WEIGHTS),
    (r".*\.kml", *_MAP),
    (r".*\.shp", *_MAP),
)
_MIMETYPES = {
    b"application/epub+zip": _BOOK,
    b"application/vnd.oasis.opendocument.spreadsheet": _SPREADSHEET,
    b"application/vnd.oasis.opendocument.text": _WORD,
    b"application/vnd.oasis.opendocument.presentation": _SLIDES,
}
_ENDINGS = {  # of kinds whose beginning says less
    "xls": _EXCEL, "doc": _WORD, "ppt": _SLIDES, "xlsx": _EXCEL, "docx": _WORD, "pptx": _SLIDES, "epub": _BOOK,
    "npz": _ARRAYS, "gpkg": _MAP, "pt": _WEIGHTS, "pth": _WEIGHTS, "onnx": _WEIGHTS, "safetensors": _WEIGHTS,
    "dta": _STATA, "rds": _R, "rdata": _R, "nc": _NETCDF,
    "parquet": ("a Parquet file", "read it with pd.read_parquet({})"),
    "joblib": ("a joblib file", "it runs code when it is loaded: load your own alone, with joblib.load({})"),
}  # fmt: skip


def next_step(file: BinaryIO, name: str, filename: str = "") -> str:
    """Say what a file is that is not sent, and the line that opens it; "" for every other kind.

    The beginning of the file decides; its name is asked where that says less.

    Args:
        file: an open file that can be sought; only its head is read, and the table of a zip.
        name: what the person called it.
        filename: the name of the file, "" for bytes of the notebook.
    """
    head = file.read(HEAD_BYTES)
    kind = _kind(file, head, Path(filename).suffix[1:].lower())
    if not kind:
        return ""
    what, step = kind
    source = json.dumps(name, ensure_ascii=False) if filename else f"io.BytesIO({name})"
    return f"{what}, and is not sent: {step.replace('{}', source)}"


def _kind(file: BinaryIO, head: bytes, ending: str) -> tuple[str, str] | None:
    by_ending = _ENDINGS.get(ending)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(file) or by_ending or _UNPACK
    for beginning, what, step in _BEGINNINGS:
        # A note may begin with "ORC", a file of that kind holds NUL bytes soon.
        certain = len(beginning) >= 6 or not beginning.isalnum() or b"\0" in head
        if certain and head.startswith(beginning):
            fits = (what, step) in (_SQLITE, _OLD_OFFICE, _PACKED, _PICKLE)  # more than one kind begins so
            return (by_ending or (what, step)) if fits else (what, step)
    for place, mark, what, step in _INSIDE:
        if head[place : place + len(mark)] == mark:
            return what, step
    return by_ending if b"\0" in head else None


def _zipped(file: BinaryIO) -> tuple[str, str] | None:
    """Tell the documents that are zips apart by the files in them; nothing is unpacked but a media type.

    None where the table of its files is too long to be read, or broken.
    """
    try:
        if _has_long_table(file):
            return None
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()[:_MOST_NAMES]
            # EPUB and OpenDocument want it first: https://www.w3.org/TR/epub-33/
            if names[:1] == ["mimetype"] and _is_short_and_plain(archive.getinfo("mimetype")):
                return _MIMETYPES.get(archive.read("mimetype").strip())
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, struct.error):
        return None
    return next(
        ((what, step) for pattern, what, step in _ZIPPED if any(re.fullmatch(pattern, each) for each in names)),
        None,
    )


def _has_long_table(file: BinaryIO) -> bool:
    """Tell whether the table of a zip's files may be long, by the records behind it (APPNOTE 4.3.15, 16)."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _END_BYTES, 0))
    tail = file.read()
    told = (int.from_bytes(found[1], "little") for found in _END.finditer(tail))
    return b"PK\x06\x07" in tail or max(told, default=0) > _MOST_TABLE_BYTES


def _is_short_and_plain(held: zipfile.ZipInfo) -> bool:
    # The documents keep it so, and a few bytes of another method may be many.
    return held.file_size < 100 and held.compress_type == zipfile.ZIP_STORED
