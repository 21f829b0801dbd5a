"""Files of every kind that people have: sent as what they hold, or refused by name with the next step."""

import gzip
import io
import os
import pickle
import sqlite3
import struct
import zipfile
import zlib
from base64 import b85decode
from pathlib import Path

import numpy as np
import pytest
from pictures import encoded, red
from PIL import Image

from gemini_magics.content import files
from gemini_magics.content.convert import attach
from gemini_magics.content.pdf import count_pages, why_unreadable
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.folder import use_folder
from gemini_magics.core.settings import Settings

SETTINGS = Settings()


pytestmark = pytest.mark.usefixtures("folder")


def of_file(name, data, settings=SETTINGS):
    Path(name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return attach(Path(name), name, settings)


TEXTS = ["notes", "Pipfile", "job.slurm", "track.gpx", "tsconfig.jsonc", "a.unknown", "NOTES.2026", "run.pbs"]


@pytest.mark.parametrize("name", TEXTS)
def test_text_needs_no_known_ending(name):
    attachment = of_file(name, "größer\n")
    assert (attachment.kind, attachment.note) == ("text", "")
    assert "größer" in attachment.content


KEYS = [
    ".env", ".env.local", ".netrc", ".pgpass", "id_rsa", "id_ed25519", "server.pem", "tls.key", "credentials",
    "credentials.json", "kubeconfig", ".bashrc", ".npmrc",
]  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_a_file_that_keeps_keys_is_not_sent(name):
    with pytest.raises(CannotAttach, match="has a name under which keys are kept, and is not sent"):
        of_file(name, "hello")


def test_text_of_no_known_kind_is_not_sent_with_a_key_in_it():
    with pytest.raises(CannotAttach, match="notes holds what looks like a key"):
        of_file("notes", "the key is sk-" + "a1" * 12)


ENCODINGS = [
    ("latin-1", "température élevée à l'école", "read as Windows-1252"),
    ("cp1252", "Größe;µm\nKöln;5 €\n“Übung” – ja", "read as Windows-1252"),
    ("cp1252", "a;b\nKöln;3\n", "read as Windows-1252"),
    ("cp1252", "25 °C ± 0,5", "read as Windows-1252"),
    ("shift_jis", "これは日本語の文章です。\n測定値,3\n", "read as Shift-JIS"),
    ("shift_jis", "名前,値\n東京,3\n", "read as Shift-JIS"),
    ("utf-32", "größer", ""),
]


@pytest.mark.parametrize(("encoding", "words", "note"), ENCODINGS)
def test_text_in_another_encoding_is_decoded_and_said(encoding, words, note):
    attachment = of_file("note.txt", words.encode(encoding))
    assert words in attachment.content
    assert attachment.note == note


UNCERTAIN = [
    ("cp1251", "Привет, мир: это текст"),
    ("euc_kr", "안녕하세요 세계"),
    ("gb18030", "这是中文文本，测量值如下"),
]


@pytest.mark.parametrize(("encoding", "words"), UNCERTAIN)
def test_text_whose_encoding_cannot_be_told_is_not_sent_in_wrong_letters(encoding, words):
    with pytest.raises(CannotAttach, match=r"is not UTF-8 text \(byte \d+ is wrong\): save it as UTF-8"):
        of_file("note.txt", words.encode(encoding))


def zipped(*names, mimetype=""):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


def database():
    with sqlite3.connect("made.db") as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    return Path("made.db").read_bytes()


def arrays():
    file = io.BytesIO()
    np.savez(file, a=np.arange(3))
    return file.getvalue()


KINDS = {
    "x.xlsx": (
        lambda: zipped("[Content_Types].xml", "xl/workbook.xml"),
        'an Excel workbook.*pd.read_excel("x.xlsx")',
    ),
    "x.docx": (lambda: zipped("word/document.xml"), "a Word document, and is not sent: save it as PDF"),
    "x.pptx": (lambda: zipped("ppt/presentation.xml"), "a presentation, and is not sent: save it as PDF"),
    "x.epub": (lambda: zipped(mimetype="application/epub+zip"), "an e-book"),
    "x.ods": (
        lambda: zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
        'pd.read_excel("x.ods", engine="odf")',
    ),
    "lies.txt": (lambda: zipped("xl/workbook.xml"), "an Excel workbook"),
    "x.zip": (lambda: zipped("a.csv"), "an archive, and is not sent: unpack it"),
    "x.npz": (arrays, 'np.load("x.npz")'),
    "x.db": (database, 'sqlite3.connect("x.db")'),
    "x.parquet": (lambda: b"PAR1\x15\0\x15 PAR1", 'pd.read_parquet("x.parquet")'),
    "x.feather": (lambda: b"ARROW1\0\0", 'pd.read_feather("x.feather")'),
    "x.h5": (lambda: b"\x89HDF\r\n\x1a\n\0", 'pd.read_hdf("x.h5")'),
    "x.csv.gz": (lambda: gzip.compress(b"a,b\n1,2\n"), 'pd.read_csv("x.csv.gz")'),
    "x.pkl": (lambda: pickle.dumps([1]), "it runs code when it is loaded"),
    "x.xls": (lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100), 'pd.read_excel("x.xls")'),
    "x.dcm": (lambda: bytes(128) + b"DICM", 'pydicom.dcmread("x.dcm")'),
    "x.csv": (
        lambda: (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a2146" * 8 + b"\nsize 12345\n"
        ),
        "a pointer of Git LFS, and is not sent: get the file itself with git lfs pull",
    ),
    "x.png": (lambda: b"/annex/objects/SHA256E-s9--4d7a.png\n", 'git annex get "x.png"'),
    "x.fits": (lambda: b"SIMPLE  =                    T", 'astropy.io.fits.getdata("x.fits")'),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_that_is_not_sent_is_refused_by_its_name_with_the_next_step(name):
    made, said = KINDS[name]
    with pytest.raises(CannotAttach) as raised:
        of_file(name, made())
    assert str(raised.value).startswith(f"{name} is ")
    assert all(part in str(raised.value) for part in said.split(".*"))


def test_bytes_of_a_known_kind_name_the_line_for_bytes():
    with pytest.raises(CannotAttach, match=r"pd\.read_excel\(io\.BytesIO\(data\)\)"):
        attach(zipped("xl/workbook.xml"), "data", SETTINGS)


def test_a_large_table_is_refused_by_its_kind_and_not_by_its_size():
    with Path("x.parquet").open("wb") as file:
        file.write(b"PAR1\0")
        file.truncate(10**9)
    with pytest.raises(CannotAttach, match=r"pd\.read_parquet"):
        attach(Path("x.parquet"), "x.parquet", SETTINGS)


def test_a_note_that_begins_like_a_kind_is_text():
    for words in ("ORCID list", "RDX is a name", "MThd", "P1 beats P2", "see %PDF-1.7 for more", "G" * 400):
        assert of_file("note", words).kind == "text"


PICTURES = {
    "x.avif": ("AVIF", {}), "x.jp2": ("JPEG2000", {}), "x.ppm": ("PPM", {}), "x.tga": ("TGA", {}),
    "x.ico": ("ICO", {"sizes": [(16, 16)]}), "x.pcx": ("PCX", {}), "big.tif": ("TIFF", {"big_tiff": True}),
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_pillow_reads_is_a_picture(name):
    kind, options = PICTURES[name]
    attachment = of_file(name, encoded(red(), kind, **options))
    assert (attachment.kind, attachment.content.type) == ("image", "image/png")
    assert f"{kind} as PNG" in attachment.note
    assert Image.open(io.BytesIO(attachment.content.data)).convert("RGB").getpixel((9, 9))[0] > 240


def test_a_huge_picture_of_such_a_kind_is_refused_before_it_is_decoded():
    with pytest.raises(CannotAttach, match="80 million"):
        of_file("x.ppm", b"P6 9500 9500 255\n" + bytes(100))


def test_a_huge_picture_inside_a_small_icon_is_refused_before_it_is_decoded(recwarn):
    def piece(kind, data):
        return kind + struct.pack(">I", len(data) + 8) + data

    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    picture = (
        b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )
    with pytest.raises(CannotAttach, match="80 million"):
        of_file("x.icns", piece(b"icns", piece(b"ic07", picture)))
    assert not recwarn


MEDIA = {
    "x.m4a": (b"\0\0\0\x14ftypM4A \0\0\0\0M4A " + bytes(50), "audio/mp4"),
    "x.mkv": (
        bytes.fromhex("1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b61") + bytes(50),
        "video/x-matroska",
    ),
    "x.ts": ((b"G\x40\0\x10" + bytes(184)) * 5, "video/mpeg"),
    "x.pdf": (
        b"\r\nsent by a printer\r\n%PDF-1.4\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n",
        "application/pdf",
    ),
}


@pytest.mark.parametrize("name", MEDIA)
def test_sound_film_and_documents_go_as_they_are(name):
    data, media_type = MEDIA[name]
    assert of_file(name, data).content.type == media_type
    assert of_file(name, data).content.data == data


# Written by MuPDF.
ENCRYPTED = {  # (method, which password was set) -> a PDF of one empty page, deflated, as base 85
    ("RC4_40", "owner"): (
        "c-n1J%Wm5+5WMp%c=0jjbNK)S0}>?yMQg-x()M8Zpjfo4!jJ-*2IBr#`vLi~(hlkxZT2{Wncdml$)fgmY^u@Z_2=s^G{IkEp"
        "Hdj`(+SUynZ#_$%@hz~nBwv2J1PqDczO=RwW-~YJF;kZ;edH&m*m5+9W%d(V|UzySbzniRY}20;7)n18fBHOX6Hg-=+1_S|K"
        "ogdByKzo2{ZDs?+z<@wqM_9#8q<x%6E*&Jam0qjV~*j**p+7lCQ~fOl=C7l4UrI$GFK6#3jO_jUo5F<hikaiD8Sf9?@%I1t0"
        ")#@fDL<bzz1p#>6|Ak^f<w!e0!f*!KGn&p{sg9|1$2cg)LpTXMZBN?JFPHI=oE)>K!50dT{(D5aC&%30yL2hdX1+JJ1R@Vrt"
        "^NXtDh6<9i3lV;e&({svAe7{d2l84j|T^l>H#GHJ|yZ;o1UHXP4B@28f{|M$GwOzhGPVpGXeNmgzu-s3Bs&XTmM^Zv7MRo0z"
        "cGMaWtaPFQ=2ZjEQ}3A6qGGP0R>O>ZE`Zk{yfk?<2FCdYYGJs|IUP7v8^ML9M&=))z7m2$<!V-1C5=_JlKSnV4yldlaw={Wn"
        "oOE|kA4HdYQKH"
    ),
    ("RC4_40", "user"): (
        "c-n1J%Wm5+5WMRvc=0hNMRNH71OpNuK+zg8oU}a{J}4ILsxYL0rh&Ns)qX&}th9r=Mw>m(U}krAce1eluAItZ^7`}jS200fW"
        "1mtO(9;RckC{Z}l&UEdMTrO+pS~AWg&$AP0h>0p`*DXC?JgV;&Fm6?7`9{P7jf*4n-D8UtoBw(&XtwGg^|<&A?55`MHsrXVL"
        "|_KzBpnt9*2ZV{ITy2D}J_L-)PuXa|7~sjPN{kecOyLE0S5zfE1@|yc|=T0wQ=B4&yOyas+mXuxMk*eJ^=#tY2c-7Fl1AYas"
        "!^0Bz9~<5_iKhAURGcQD2O!zh8jSdn7e??XHXdFX!x1bN;uFXL^=c2zZuIcp6Sk{II!P-m3R!CYN?3&hMSK>(yQ;Hjy-<h2L"
        "S2#C5iMi|A#Y>nNpiKpk3oA`d8Lc|ZL9lADlc!?<fl6U_p47>CVae^1<j{gzNLu$KxeU#!c;QLAe^Ukq61`uypV`xdGmacYI"
        "Yh!fdfH5vXv05_aD0u6el5*O3&6p4~{JCoC#&T6#?^)@YwOSd~@KP#OYG<U%ffa+s)r<isDsoua_*yYViPnm}ebgbfF<nkYw"
        "J0VNckheep~}E`"
    ),
    ("RC4_128", "owner"): (
        "c-n1J%Wm5+5WMRvc=0jjYbh-O!2l(ZK+zg8oIVbL4~j**Dhw&0X&~-@wI7f#E3Klg(PmG?3}=?J%h{@NcYI!Cv)3Q5KeHM66"
        "8aeZK%UNIc}gVVbAfY}Wt=cFK7Gr|l72itds?@#J&b$0YWMy~L}J(U-LM-IzY1e_+WJsJVG9A4SzU9eR3n_?0!+2IROW~7Vw"
        "j14oF_+GkEbCLPT%+4@ewZen;VV1YHmPy!-y_@*SFR9^2idav?2&%L)T+$qbH26{c${nZHgeL2&*>u)OX5rWBn5RE=&51U5n"
        "&ONkw+#ia}CM%y7lHd;>%H4--uN#j+UM{@}wU$V30#6P4aOreXXZa`RX!TPx;31EMij=^6#oqEfb~8(xE1l-h8GmC+WYHVDp"
        "Pg&HjrvT#l_Tx_Tvw&DC7Qxn%8q7U>TwnNv3j;@KMpNXI!{IHK-2^UCL<PQEQmOi#!T0e>5<mr7`6cxIPX=Fk)(o_;s7i&}w"
        "vSwItmd;#AS1X5DIjyD1v967BTvWi^f_^Fm<_eK93!o7iK!*;vDV$8#3YCi_1gk9ALZJbkLz=f$xpU4ip7Kmz>KNM)r(Fr1X"
        "S12TciAr$Nx&!"
    ),
    ("RC4_128", "user"): (
        "c-n1J%Wm5+5WMp%c=0jjb43ym3`i6S6s-}%N!x?rgJRLH3PTEL8i@N}?FZz`N;{})wAtefW_D+HCyU14v8h6n*PpMy&;);te"
        "M(`#PbWM-W)ib0*Hb`<VT#A6@2D)v<LNmN+opCu?#QCug#+f9U6K#OcFg=Dj@@w+V(A>Oy;FjF=L%1a)K*zd+3Z{>4Bgof@q"
        "e5zj>L|~Az?;7_T6D6&-UvZjks!VK>3alnTM`#>+xkpGYbZ=mV8Z?V`@{tlq|zxJjP9qATALWZ49~ZCC`oZOAK3-^@v^z7XS"
        "kA7GE)$RTpNsVobb)Y55<<Dg4Dyifz9S@f_r#{}C|cdB?nrw<R~L(hI{2r5$)GYUh=%loE^sR1~OEY*tF^thZbjRpV*nC1V9"
        "pXC*BvneU)xYvP7YJUyq}#P|CYB6&#d(6zB6ODxD2%*m%P?9w;PxF!pHC;uqsA+=pTKTh!&$bHEx?rFu0q0DewP{yPZv~Fx8"
        "j2B9CU4gLLR6^3G$(+@|jcF`!(2m&|`CR(K3vcuEoB<VJl;T;QQB%`O*T8k{r2{9O0$oW~$h>a{h4;RqjOw?SI;1wH%dNO6&"
        "}8E7J^BqQg}>q"
    ),
    ("AES_128", "owner"): (
        "c-n1J%WB&|6y579X5(ct?}tDbM)QEuni!`|7a<G98apnj6vpF{^uO8<$d~oXA#P|opwZ<V&fM3TEqy$r=en9b|9bvi&Cu7pD"
        "<uu+_6aQxKq7k1%(<*8iU=BSzg10xKR-Pr?7Gt3k6XO#wrP(Tuq*sw*o?q0^VlEODL15z&PwhbsSR_jmehEzs1`m_rzopi7P"
        "w`mHc~rDYZ{mjjtbw(x>icfr&Fb&pAuK>p9+qdu^SIVK@@-7_4{ivm2vY%!%vzwp!m;2c#-;D*N%_Z1Xx*1WCXjxtFd$?A%a"
        "(FKOXWLTII)9mt9Vf_t^KFryq0LRG_cO=^!N~muQ1dm;lw08BQ40?=i;2drZi`SXFYjyH9y)<Z|~jAqn-4FpQUF`0GaLnls`"
        "VBc>(HSSeLxA=FkI5``x7Cg@gBE=_2uae`B0qfm-zDX5ZG@c9i6!#Y1b6i5<x_a$X~S-PR`a*tO?;4An(rD0p{5M>50(V2Kv"
        "EK=!uun8*pkU;f4!qvO!&aa`1Q}I&>e|so*;RnnW`*D5okOrU^*oMn1cFJ)y1-@vsZcS{#STHBgZOaAYI#{U$cf@E)Af}8*C"
        "!;ZKtZQzSabU+tSu04K<1dXDGHM^JWziX-jCWjG%WLK$Qz|+JLJ?#TK}%y{A_A5dV1_YTLWz0t=e~5g92d{Is%Eor5vxB!h~"
        "U}"
    ),
    ("AES_128", "user"): (
        "c-n1J%T60H6y48Pc#|dAzT>A9MVj$Ls@jMsv~+=33>gEd=nQh43i@B|2k>RR6GVziEsgCtN9R6#&ur!62|v}<?D^O8?`lTA="
        "4~lyAlFZ1xkr-lQ!uBpsyJa}y#7|r=k)W_L!z!L-Tin=SKV#e5kPiLKMXe`@~b@d`%TJoBU|f&wo$i2C}6Gk%mz?e8sR}0?I"
        "HjJ9WCS1Y0qWDG*}R=kN6W7)2h<YPl+q|r-DOf>c;(02&W&n{q9msWn8_{)JM%5Q2ZwlU8a89wd3O@LsnWzjDRb;9!pmeVRW"
        "5#<34Y&)%wuts>=!U9{PS0`Z1@Q3iTB`E~2EYCAlF-OrYw(3`dOX_ZWb9j|uq~t4i*+_bE?}oNs?7BC*~PALC^h{&F6gSO=k"
        ")ZR$pcs2p&xnmJQrC~m`IE?Ur98E~9Ci$ic+`(UDjMn}cGT3pdEZ1U4X!6b2eUs9&$r5pM#_jFAJy}<8N8g9!S;b7>BoQPM&"
        "GL^1Jn~;+C302=CZoQlK{Cah9Dt@}++3d?*_<`?A{kS=MNCVPK+Jy59IOb53C+OK68i=gn7Oi8!DaN_bH9E}s+QwQNFpaF8!"
        "OjKq9yw<uSnHhxX##f(`en{yh;496DkF_<Au7&;Y;=vY_bf;-Z4^NU5zw)X;7Z`|f>bfahH++I{JAS#E{DO_wW?;ba2BgSeA"
        "eK+"
    ),
    ("AES_256", "owner"): (
        "c-n1K%Wm8_5WMRvc$s5NviSyt0mvo^EOreK>?C_Id{8{JGYe;AXf#2b|Jwb4d|6r(*lQ%wfoycESyj#AYLn|5dFHy+w|~F=*"
        "R9y!({7&Io_%;?=SM0sc?SN>be&{^jUWE$`kudidTbnrd3YG_`DVCp2L@EV<bUk%MyhY7aeKUNQ}2oaQ)O`~geYTjS!x@lcC"
        "N;v(fF99SKj$j9g1SK&4`cylP)rNzh1ts?Y9eX2R|`5A#)s$`<Y4p=Wctr)(efBS3T;b=T%bw<{*CFw!0yXU#<mJO)$)BxZ#"
        ")MJj{&=e%TJ=ak?d`>LhhDOpS0)x?dgrWomaF^>^asW7ZgD*d2SxY3e#v_Afc<e$4^sUvt|0pX=sn*gdpq5puQr+L$4}BMsx"
        "nW#sD~9H5at`=WygCF!gqHJ4)0V>EKzqYEJ|lQ+iH7=wurtT$4`3R$_hzTstmJ3T$l1X6bobDQ|pJnXl_wB?t~^7n-LSKHsu"
        "9~l_SH|&jm?l^DruqB(Yc{(=g`c!Gz;<8T9A=ZWb64D-z^T+a;=F0PUd-2%zR6ggiT)kJ%7z!3o@QWUUDG)(ntvQiED||-hA"
        "&Hox^JFvu&I>P9Dp6u}vIb?W1rQi)R1hkrlB5wXCN$uZv7sn~WLIgNSo3$i&|ZOdrItw6w5ckxGinDiY8ojxiD<LRwnSHpE@"
        "W$oQY7zk&=zX((u)MiX{n-w;!QR(dLm=Nh5)3a^dWh=gc6I=IoRY>r9Ty@Onh`D`bnY(jouUj6$mI~$vHq&R%$7UC><iO1T;"
        "leUmR%ilg1n<mRaPAqSE7|C#O-;2Bh1Bm|aR)JJiCbHQ%)9)1mj$c#Y9|=S&q@rx;VQq!MIu6#aOShk2Ohlhu{7-D*`XYWE!"
        "&{Tbu"
    ),
    ("AES_256", "user"): (
        "c-n1KOKuxE5Z(7FxY06Z@l*T&4FUWDgT%04PcjR`i;hJ*8aQgB)e7R=Yvuqs*;FgA$4Ei~Y<3l2y?U(TYLn|5ab~;K_kX_s+"
        "pXAN({7&Io_%~`=SOlfaVFgvcAa3r#*cq@eb4`VdTcxm^YAd<^UZMI4os5wlK-*48_B<!#_jR8O}zu7Fr`?M5ISL%B4(6W02"
        "792ZFM4*R5hgNP}+bAiWLeJ8s~(7^)kA)-!8<R{3(MIGf(4jKQqDK?zV?(y`*vT3Zq^yuZ;RPf%tjb?uIyiy$154N9MG=;g{"
        "n)%#8uRY=`kU-I7#wlDZkDM!YB8uR?#F+FeKZ4qgT`hzi*qd$DOkojm&&o3Ovyq}0FKH2!bv=4seHv}qA?wfoi>QobWy#*bp"
        ";>mH1eA^I$10$Zy{-WOCc%MfCfx~%);AUK_aizbzjWfHoG;45fwMW?vF;bnh2Jw47uQg;t?oA}i{?6<?T<(JIx55)Se?eFJL"
        "Orqf%_C`M=&f7d}sZH2C9UGxOS6a4dS*Pc1s!Q_AmcHRQe=1+-UU?pGFCN>T+~+)$s}Jg#L&>El_(d<Gf})*}Ri;|dc|cuLk"
        "ye29UKk&$5z?z@ges8GC&)QjUjt1E!kL_M&Zt95)RNJfj9wK?!bzWfS@ZXOtlnYPwaS8otkHYwXKB2u848MQiQZV9OEf`bn%"
        "ZcWOVTwcS1j>m1m%TtSV06`g{4hG2a5gz=_phIbO}@~%49DBBt?mWFH|%kt%V%3u__CSRzpTnR0^tOdLt5T@D${I=_RG0v~x"
        "KG8zBLd;FO_iLn%myWCkQ%RB}}->874gQe_D!tcecReAA}ShhBMQiv@wHV$}<4L|Z*(O9aB&A20GS57T^Vb)`(VT9u31{ReK"
        "D8aV"
    ),
}


def encrypted(method, password):
    return zlib.decompress(b85decode("".join(ENCRYPTED[method, password])))


@pytest.mark.parametrize("method", ["RC4_40", "RC4_128", "AES_128"])
def test_a_pdf_that_needs_a_password_says_so_and_one_that_opens_without_is_sent(method):
    assert of_file("open.pdf", encrypted(method, "owner")).kind == "PDF"
    with pytest.raises(CannotAttach, match="is encrypted and needs a password: save a copy without one"):
        of_file("shut.pdf", encrypted(method, "user"))


@pytest.mark.parametrize("password", ["owner", "user"])
def test_a_pdf_whose_password_cannot_be_tried_may_need_one(password):
    with pytest.raises(CannotAttach, match="may need a password"):
        of_file("shut.pdf", encrypted("AES_256", password))


def pdf(pages, *, packed=False):
    objects = b"<< /Type /Pages /Count %d >>" % pages + b"<< /Type /Page >>" * pages
    if packed:
        objects = (
            b"<< /Type /ObjStm /Filter /FlateDecode >>\nstream\n" + zlib.compress(objects) + b"\nendstream"
        )
    return b"%PDF-1.5\n1 0 obj\n" + objects + b"\nendobj\nstartxref\n9\n%%EOF\n"


@pytest.mark.parametrize("packed", [False, True])
def test_a_pdf_of_too_many_pages_says_so(packed):
    assert of_file("a.pdf", pdf(1000, packed=packed)).kind == "PDF"
    with pytest.raises(CannotAttach, match=r"has 1,001 pages, and 1,000 are the most that the model reads"):
        of_file("b.pdf", pdf(1001, packed=packed))


def test_a_pdf_without_its_end_says_so():
    whole = encoded(red(), "PDF")
    assert of_file("whole.pdf", whole).kind == "PDF"
    with pytest.raises(CannotAttach, match="is cut: its end is missing"):
        of_file("half.pdf", whole[: len(whole) // 2])


def test_a_pdf_that_unpacks_to_gigabytes_is_counted_within_bounds(monkeypatch):
    from gemini_magics.content import pdf as module

    bomb = b"/ObjStm\nstream\n" + zlib.compress(bytes(50_000_000), 9) + b"\n"
    unpacked = []
    real = module._object_streams
    monkeypatch.setattr(
        module, "_object_streams", lambda data: (unpacked.append(len(part)) or part for part in real(data))
    )
    assert count_pages(b"%PDF-1.5\n" + bomb * 60) == 0
    assert sum(unpacked) <= 2 * module._WORK_BYTES
    assert why_unreadable(b"%PDF-1.5\n" + b"/ObjStm\nstream\n" * 20_000) == ""


def test_each_count_of_a_pdf_is_read_once_however_close_its_nodes_lie(monkeypatch):
    from gemini_magics.content import pdf as module

    counts = []

    class Counted:
        def finditer(self, *where):
            for found in pattern.finditer(*where):
                counts.append(found)
                yield found

    pattern = module._COUNT
    monkeypatch.setattr(module, "_COUNT", Counted())
    nodes = b"<< /Type /Page >>" * 1001 + b"/Type/Pages/Count 999999999" * 1000
    assert why_unreadable(b"%PDF-1.5\n" + nodes).startswith("has 1,001 pages")
    assert len(counts) == 1000
    assert why_unreadable(b"%PDF-1.5\n" + nodes.replace(b"999999999", b"7")) == ""


def test_a_count_of_a_pdf_is_read_whole_where_it_stands_between_two_nodes():
    pages = b"<< /Type /Page >>" * 1001
    for blanks in range(385, 400):
        nodes = b"/Type/Pages " + b" " * blanks + b"/Count 1001 /Type/Pages "
        assert why_unreadable(b"%PDF-1.5\n" + nodes + pages).startswith("has 1,001 pages")


@pytest.mark.parametrize("bits", ["1", "-1000", "0", "4096"])
def test_a_pdf_with_a_key_of_no_length_needs_a_password(bits):
    strings = b"/U <" + b"00" * 32 + b"> /O <" + b"00" * 32 + b">"
    entries = b"<< /R 3 /Length " + bits.encode() + strings + b" >>"
    pdf = b"%PDF-1.4\n1 0 obj " + entries + b" endobj trailer << /Encrypt 1 0 R /ID [<00>] >>\n%%EOF"
    assert why_unreadable(pdf).startswith("is encrypted and needs a password")


@pytest.mark.parametrize("zip64", [False, True])
def test_a_zip_is_told_by_its_ending_where_its_table_is_too_long_or_may_be(zip64, monkeypatch):
    data = bytearray(zipped("xl/workbook.xml"))
    if zip64:
        data[-22:-22] = b"PK\x06\x07" + bytes(16)
    else:
        data[-10:-6] = (60_000_000).to_bytes(4, "little")
    monkeypatch.setattr(zipfile, "ZipFile", None)
    for name, said in (("x.zip", "an archive"), ("x.xlsx", "an Excel workbook")):
        with pytest.raises(CannotAttach, match=f"{name} is {said}"):
            of_file(name, bytes(data))


def test_of_a_zip_nothing_is_unpacked_that_may_be_many_times_its_size():
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("mimetype", "application/epub+zip")
        data = file.getvalue()
        broken = data.replace(data[40:44], b"\xff\xff\xff\xff")
        for each in (data, broken):
            with pytest.raises(CannotAttach, match=r"x\.zip is an archive"):
                of_file("x.zip", each)


def test_a_zip_whose_first_file_is_broken_is_an_archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip" * 3)
    data = bytearray(file.getvalue())
    at = data.index(b"mimetype") + len(b"mimetype")
    data[at : at + 6] = b"\xff" * 6
    with pytest.raises(CannotAttach, match="is an archive, and is not sent"):
        of_file("a.zip", bytes(data))


def test_an_open_file_is_its_file_and_text_in_memory_is_text():
    Path("a.png").write_bytes(encoded(red()))
    Path("a.txt").write_text("one\ntwo\n")
    with Path("a.png").open("rb") as picture, Path("a.png").open() as as_text, Path("a.txt").open() as lines:
        assert lines.readline() == "one\n"
        assert [attach(file, "f", SETTINGS).kind for file in (picture, as_text, lines)] == [
            "image",
            "image",
            "text",
        ]
        assert lines.readline() == "two\n"
    assert "words" in attach(io.StringIO("words"), "f", SETTINGS).content
    assert attach(io.BytesIO(encoded(red())), "f", SETTINGS).kind == "image"


def test_no_sentence_shows_the_address_of_an_object(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("x")
    with outside.open() as file, pytest.raises(CannotAttach, match=r"^f is not in .*--allow-outside"):
        attach(file, "f", SETTINGS)
    for file in (io.BytesIO(b"what"), io.StringIO(""), io.BufferedReader(io.BytesIO(b"x"))):
        with pytest.raises(CannotAttach) as raised:
            attach(file, "f", SETTINGS)
        assert " at 0x" not in str(raised.value)


def test_paths_are_read_from_the_current_folder_and_may_not_leave_the_notebooks(folder, tmp_path, monkeypatch):
    (folder / "sub").mkdir()
    (folder / "a.txt").write_text("in the notebook's folder")
    (tmp_path / "b.txt").write_text("outside")
    use_folder(folder)
    monkeypatch.chdir(folder / "sub")
    assert "in the notebook" in attach(Path("../a.txt"), "../a.txt", SETTINGS).content
    with pytest.raises(CannotAttach, match=r"There is no file a\.txt here\. Paths begin in the current folder"):
        attach(Path("a.txt"), "a.txt", SETTINGS)
    monkeypatch.chdir("/")
    with pytest.raises(CannotAttach, match="--allow-outside"):
        attach(tmp_path / "b.txt", "b.txt", SETTINGS)
    assert "in the notebook" in attach(folder / "a.txt", "a.txt", SETTINGS).content


def test_a_link_that_takes_the_files_place_is_not_read(folder, tmp_path, monkeypatch):
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "a.txt").write_text("mine")
    real = os.open

    def swapped_first(path, *rest, **options):
        (folder / "a.txt").unlink()
        (folder / "a.txt").symlink_to(tmp_path / "secret.txt")
        return real(path, *rest, **options)

    monkeypatch.setattr(files.os, "open", swapped_first)
    with pytest.raises(CannotAttach, match=r"a\.txt is not in .* or below"):
        attach(Path("a.txt"), "a.txt", SETTINGS)


@pytest.mark.parametrize("kept", [".env", "id_rsa", "server.pem", ".config/credentials", ".token", "session"])
def test_a_link_with_a_harmless_name_does_not_send_a_file_of_keys(folder, kept):
    (folder / kept).parent.mkdir(exist_ok=True)
    (folder / kept).write_text("https://ada:engine-1843@levels.example.org\n")
    (folder / "notes.txt").symlink_to(kept)
    with pytest.raises(
        CannotAttach, match=r"^notes\.txt (has a name under which keys|holds what looks like a key)"
    ):
        attach(Path("notes.txt"), "notes.txt", SETTINGS)


def test_a_link_to_a_file_that_a_tool_stores_under_another_name_is_sent(folder):
    for stored in (".git/annex/SHA256E-s5--ab12.csv", "blobs/ab12cd"):  # git-annex, and the cache of a hub
        (folder / stored).parent.mkdir(parents=True)
        (folder / stored).write_text("a,b\n1,2\n")
        (folder / "data.csv").unlink(missing_ok=True)
        (folder / "data.csv").symlink_to(stored)
        assert "1,2" in attach(Path("data.csv"), "data.csv", SETTINGS).content


def test_a_pipe_that_takes_the_files_place_does_not_block(folder, monkeypatch):
    (folder / "a.txt").write_text("mine")
    real = os.open

    def swapped_first(path, *rest, **options):
        (folder / "a.txt").unlink()
        os.mkfifo(folder / "a.txt")
        return real(path, *rest, **options)

    monkeypatch.setattr(files.os, "open", swapped_first)
    with pytest.raises(CannotAttach, match="not a regular file"):
        attach(Path("a.txt"), "a.txt", SETTINGS)


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_file_that_changes_while_it_is_read_says_so(folder, monkeypatch, size):
    (folder / "a.log").write_text("x" * 50_000)
    real = files.sniff

    def changed_first(data):
        with (folder / "a.log").open("ab") as file:
            file.truncate(size)
        return real(data)

    monkeypatch.setattr(files, "sniff", changed_first)
    with pytest.raises(CannotAttach, match=r"a\.log changed while it was read: wait until it is written"):
        attach(Path("a.log"), "a.log", SETTINGS)
