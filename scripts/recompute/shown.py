"""A report's Markdown as sections, tables and numbers, and the comparison of what it shows with what was recomputed."""

import math
import re
from collections import Counter

from .ranges import Range, range_of

NONE = "—"
# A number in running text: not part of a name, a hash or an exponent of another one.
NUMBER = re.compile(
    r"(?P<less>< )?(?<![\w.⁻=/])(?P<digits>[+−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[−-]?\d+)?)(?![\w⁻=]|\.\d)"
)


def unescaped(text):
    text = re.sub(r"\\([\\`*_\[\]|#~$+\-.=)])", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


class Table:
    def __init__(self, lines):
        rows = [[unescaped(cell.strip()) for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]] for line in lines]
        self.columns, self.rows = rows[0], rows[2:]
        self.starred = [[cell.startswith("**★") for cell in row] for row in self.rows]
        self.rows = [[re.sub(r"^\*\*★ (.*?)\*\*", r"\1", cell) for cell in row] for row in self.rows]


class Section:
    """A heading with its blocks in order: texts and tables."""

    def __init__(self, title):
        self.title, self.blocks = title, []

    def tables(self):
        return [block for block in self.blocks if isinstance(block, Table)]

    def texts(self):
        return [block for block in self.blocks if isinstance(block, str)]


def sections(text):
    """The sections of a report, subsections apart: the part before the first heading comes first."""
    found = [Section("")]
    for block in text.split("\n\n"):
        block = block.strip("\n")
        if re.match(r"#{1,3} ", block):
            found.append(Section(unescaped(block)))
        elif block.startswith("|"):
            found[-1].blocks.append(Table(block.split("\n")))
        elif block:
            found[-1].blocks.append(block)
    return found


def parsed(text):
    """A shown number and half a unit of its last digit."""
    text = text.replace(",", "").replace("−", "-").replace("+", "")
    digits, _, exponent = text.partition("e")
    decimals = len(digits.partition(".")[2])
    return float(text), 0.5 * 10.0 ** (int(exponent or 0) - decimals)


class Checker:
    """Counts what was compared, by section, and keeps what does not agree."""

    def __init__(self):
        self.compared, self.mismatches = Counter(), []

    def mismatch(self, section, row, column, shown, recomputed):
        self.mismatches.append((section, row, column, shown, recomputed))

    def text(self, section, row, column, shown, expected):
        """A word or a text that must be the very same; not counted among the figures."""
        if shown != expected:
            self.mismatch(section, row, column, shown, expected)

    def agrees(self, shown, value, is_less=False):
        """Whether a shown number is the value at the precision that is shown."""
        bounds = range_of(value)
        if is_less:
            return shown == "0.001" and bounds.low < 0.001
        number, half = parsed(shown)
        room = half + 1e-9 * max(1.0, abs(number))
        if math.isnan(bounds.low) or math.isnan(bounds.high):
            return False
        return bounds.low - room <= number <= bounds.high + room

    def numbers(self, section, row, column, shown, values, constants=()):
        """All numbers of a text in their order. None stands for a dash; constants are numbers that the text may hold besides
        them."""
        if values == [None] or values is None:
            self.text(section, row, column, shown, NONE)
            self.compared[section] += 1
            return
        left = list(values)
        for found in NUMBER.finditer(shown):
            digits = found["digits"]
            if left and self.agrees(digits, left[0], bool(found["less"])):
                self.compared[section] += 1
                left.pop(0)
            elif parsed(digits)[0] in constants:
                continue
            else:
                self.mismatch(section, row, column, shown, f"{digits} instead of {spelled(left[:1])}")
                return
        if left:
            self.mismatch(section, row, column, shown, f"not shown: {spelled(left)}")

    def cell(self, section, row, column, shown, value):
        """A table's cell: a number, a list of them, a text, or None for a dash."""
        if isinstance(value, str):
            self.text(section, row, column, shown, value)
        elif value is None:
            self.numbers(section, row, column, shown, None)
        else:
            self.numbers(section, row, column, shown, value if isinstance(value, (list, tuple)) else [value])

    def table(self, section, table, expected, keys=1):
        """A whole table: `expected` are rows in their order, lists of `(column, value)`; the first `keys` columns name a row.
        All columns that the table has must be expected, and none besides them."""
        if table is None:
            if expected:
                self.mismatch(section, "", "", "no table", f"{len(expected)} rows")
            return
        if len(table.rows) != len(expected):
            self.mismatch(section, "", "", f"{len(table.rows)} rows", f"{len(expected)} rows")
        for cells, row in zip(table.rows, expected):
            name = " / ".join(cells[:keys])
            if [column for column, _ in row] != table.columns:
                self.mismatch(section, name, "", table.columns, [column for column, _ in row])
                continue
            for (column, value), shown in zip(row, cells):
                self.cell(section, name, column, shown, value)


def spelled(values):
    return ", ".join(f"{one.low:.6g} to {one.high:.6g}" if isinstance(one, Range) else f"{one:.8g}" for one in values)


def without_names(text, names):
    """A text without the names of configurations, which may hold numbers."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "NAME")
    return text
