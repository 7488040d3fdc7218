#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Makes an SVG of what tmux says a terminal shows (capture-pane -e -p): text with colours, on standard input.
import re
import sys
import unicodedata
from html import escape

CELL_X, CELL_Y, SIZE, MARGIN = 8.4, 18, 14, 12
GROUND, TEXT = "#16181d", "#d7dae0"
COLOURS = ["#3a3f4b", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"]


def style(state, codes):
    codes = [int(c or 0) for c in codes.split(";")]
    while codes:
        c = codes.pop(0)
        if c == 0:
            state = {}
        elif c in (1, 2, 4, 7):
            state = {**state, c: True}
        elif 30 <= c <= 37:
            state = {**state, "fg": COLOURS[c - 30]}
        elif c == 39:
            state = {**state, "fg": None}
        elif 40 <= c <= 47:
            state = {**state, "bg": COLOURS[c - 40]}
        elif c == 49:
            state = {**state, "bg": None}
        elif c in (38, 48) and codes[:1] == [5]:
            codes = codes[2:]
    return state


def cells(line):
    state, out = {}, []
    for part in re.split(r"(\x1b\[[0-9;]*m|\x0e|\x0f)", line):
        match = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if match:
            state = style(state, match.group(1))
        elif part not in ("\x0e", "\x0f"):
            for char in part:
                out.append((char, state))
                if unicodedata.east_asian_width(char) in "WF":
                    out.append(("", state))
    return out


def runs(line):
    column = 0
    run, begin, last = "", 0, None
    for char, state in cells(line) + [("", None)]:
        if state != last:
            if run:
                yield begin, run, last
            run, begin, last = "", column, state
        run += char
        column += 1


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    columns = int(sys.argv[1])
    width, height = columns * CELL_X + 2 * MARGIN, len(lines) * CELL_Y + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
          f'viewBox="0 0 {width:.0f} {height:.0f}">')
    print("<!-- SPDX-License-Identifier: Apache-2.0. Made by docs/picture/picture.sh: a terminal as it was. -->")
    print(f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>')
    print(f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}" xml:space="preserve" style="white-space:pre">')
    for y, line in enumerate(lines):
        for x, run, state in runs(line):
            front, back = state.get("fg") or TEXT, state.get("bg")
            if state.get(7):
                front, back = back or GROUND, front
            left, top = MARGIN + x * CELL_X, MARGIN + y * CELL_Y
            if back:
                print(f'<rect x="{left:.1f}" y="{top:.1f}" width="{len(run) * CELL_X:.1f}" height="{CELL_Y}" '
                      f'fill="{back}"/>')
            if not run.strip():
                continue
            extra = ' font-weight="bold"' if state.get(1) else ""
            extra += ' opacity="0.6"' if state.get(2) else ""
            print(f'<text x="{left:.1f}" y="{top + SIZE:.1f}" fill="{front}" textLength="{len(run) * CELL_X:.1f}"'
                  f'{extra}>{escape(run)}</text>')
    print("</g></svg>")


main()
