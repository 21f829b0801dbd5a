r"""Code points that a reader does not see, from Unicode's own table.

`DEFAULT_IGNORABLE` lists the ranges with the property Default_Ignorable_Code_Point in
https://www.unicode.org/Public/17.0.0/ucd/DerivedCoreProperties.txt. To write it again, run in a shell:

    node -e 'for (let c = 0, from; c <= 0x110000; c++) {
      const is = c < 0x110000 && /\p{Default_Ignorable_Code_Point}/u.test(String.fromCodePoint(c));
      if (is) from ??= c;
      else if (from !== undefined) {
        const hex = (n) => "0x" + n.toString(16).toUpperCase().padStart(4, "0");
        console.log(`(${hex(from)}, ${hex(c - 1)}),`);
        from = undefined;
      }
    }'
"""

DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)

# Not in that table: separators at which an editor may break a line and Python does not, and marks that
# hide an annotation (https://www.unicode.org/reports/tr20/, section 3).
OTHERS = ((0x2028, 0x2029), (0xFFF9, 0xFFFB))
