"""Draws the last screen of a command as an SVG picture. Needs pyte (pip install pyte) and a Unix system.

    python3 docs/pictures/terminal.py docs/pictures/sweep.svg just sweep rank=1,4,16

The picture shows the command behind its prompt; the variable SHOWN replaces it.
"""

import fcntl
import html
import os
import pty
import struct
import sys
import termios

import pyte

COLUMNS, ROWS = 126, 50
CHARACTER, LINE, MARGIN, BAR = 7.2, 17, 14, 28
BACKGROUND, TEXT, PROMPT = "#1b1f27", "#d7dae0", "#8fd18f"
COLOURS = {
    "black": "#7a808c",
    "red": "#ef7f7f",
    "green": "#8fd18f",
    "brown": "#e0c070",
    "blue": "#83aef0",
    "magenta": "#c79be8",
    "cyan": "#76cbd2",
}


def last_screen(command):
    """Runs `command` in a terminal and returns the screen at its end."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    while True:
        try:
            output = os.read(terminal, 65536)
        except OSError:  # Linux reports the end of the child like this.
            break
        if not output:
            break
        stream.feed(output)
    os.waitpid(child, 0)
    return screen


def spans(row):
    """Stretches of one colour in a row of the screen, as (column, text, colour, bold)."""
    found = []
    for column in range(COLUMNS):
        character = row[column]
        style = (COLOURS.get(character.fg, TEXT), character.bold)
        if found and found[-1][2:] == style:
            found[-1] = (found[-1][0], found[-1][1] + character.data, *style)
        else:
            found.append((column, character.data, *style))
    return [span for span in found if span[1].strip()]


def draw(rows):
    """The SVG picture of rows of spans."""
    width = round(2 * MARGIN + COLUMNS * CHARACTER)
    height = BAR + 2 * MARGIN + LINE * len(rows)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="12">',
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
    ]
    for index, colour in enumerate(("#ef7f7f", "#e0c070", "#8fd18f")):
        lines.append(f'<circle cx="{MARGIN + 6 + 18 * index}" cy="16" r="5" fill="{colour}"/>')
    for number, row in enumerate(rows):
        y = BAR + MARGIN + LINE * number + 8
        for column, text, colour, bold in row:
            start = column + len(text) - len(text.lstrip())
            text = text.strip()
            weight = ' font-weight="bold"' if bold else ""
            # A fixed length keeps columns in line whatever font the reader's system has.
            lines.append(
                f'<text x="{MARGIN + start * CHARACTER:.1f}" y="{y}" fill="{colour}"{weight} xml:space="preserve"'
                f' textLength="{len(text) * CHARACTER:.1f}" lengthAdjust="spacingAndGlyphs">{html.escape(text)}</text>'
            )
    return "\n".join([*lines, "</svg>", ""])


def main():
    """Draws the picture that the command line asks for."""
    path, command = sys.argv[1], sys.argv[2:]
    shown = os.environ.get("SHOWN", " ".join(command))
    screen = last_screen(command)
    rows = [spans(screen.buffer[number]) for number in range(ROWS)]
    while rows and not rows[-1]:
        rows.pop()
    prompt = [(0, "$", PROMPT, True), (2, shown, TEXT, True)]
    with open(path, "w", encoding="utf-8") as picture:
        picture.write(draw([prompt, *rows]))


if __name__ == "__main__":
    main()
