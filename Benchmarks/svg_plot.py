# SPDX-License-Identifier: Apache-2.0
"""Bar charts as SVG, readable on light and dark pages: grouped bars from a common zero, a label on each, a line for a limit."""

import html

WIDTH, LEFT, RIGHT, TOP = 760, 190, 90, 66
BAR, GAP, GROUP_GAP = 18, 4, 16

STYLE = """
  text { font-family: system-ui, sans-serif; font-size: 12px; fill: #24292f; }
  .title { font-size: 15px; font-weight: 600; }
  .note, .value { fill: #57606a; font-size: 11px; }
  .page { fill: #ffffff; }
  .axis { stroke: #8c959f; stroke-width: 1; }
  .limit { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3; }
  .s0 { fill: #0969da; } .s1 { fill: #8250df; } .s2 { fill: #1a7f37; } .s3 { fill: #8c959f; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .note, .value { fill: #9198a1; }
    .page { fill: #0d1117; }
    .axis { stroke: #656d76; }
    .limit { stroke: #f85149; }
    .s0 { fill: #4493f8; } .s1 { fill: #ab7df8; } .s2 { fill: #3fb950; } .s3 { fill: #656d76; }
  }
"""


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{html.escape(words)}</text>'


def bars(title, note, groups, names, limit=None, form="{:,.0f}"):
    """A chart.

    `groups`: pairs of a label and the values of its bars, `None` for a bar that could not be measured; `names`: what the
    bars of a group are, by colour (no legend for one); `limit`: a value and its label, drawn across.
    """
    values = [value for _, row in groups for value in row if value is not None] + ([limit[0]] if limit else [])
    top = max(values, default=1) or 1
    scale = (WIDTH - LEFT - RIGHT) / top
    parts, y = [], TOP
    if len(names) > 1:
        x = LEFT
        for number, name in enumerate(names):
            parts += [f'<rect x="{x}" y="{y - 12}" width="11" height="11" class="s{number % 4}"/>', text(x + 16, y - 2, name)]
            x += 30 + 7 * len(name)
        y += 14
    first = y
    for label, row in groups:
        height = len(row) * (BAR + GAP) - GAP
        parts.append(text(LEFT - 10, y + height / 2 + 4, label, anchor="end"))
        for number, value in enumerate(row):
            if value is None:
                parts.append(text(LEFT + 6, y + BAR - 5, "not measured", "value"))
            else:
                width = max(value * scale, 1)
                parts += [
                    f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" class="s{number % 4}"/>',
                    text(LEFT + width + 6, y + BAR - 5, form.format(value), "value")]
            y += BAR + GAP
        y += GROUP_GAP - GAP
    bottom = y - GROUP_GAP + 6
    parts.append(f'<line x1="{LEFT}" y1="{first - 4}" x2="{LEFT}" y2="{bottom}" class="axis"/>')
    if limit:
        x = LEFT + limit[0] * scale
        parts += [f'<line x1="{x:.1f}" y1="{first - 4}" x2="{x:.1f}" y2="{bottom}" class="limit"/>',
                  text(x, bottom + 14, limit[1], "note", "middle")]
        bottom += 14
    height = bottom + 16
    body = "\n".join([text(16, 24, title, "title"), text(16, 42, note, "note"), *parts])
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
            f'height="{height:.0f}" role="img" aria-label="{html.escape(title)}">\n<style>{STYLE}</style>\n'
            f'<rect class="page" width="{WIDTH}" height="{height:.0f}" rx="6"/>\n{body}\n</svg>\n')
