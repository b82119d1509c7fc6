"""Draw every icon of the app from `glyph.svg`: `python static/icons/build.py`.

The results are committed, so that nobody needs the renderer (resvg-py) to run ChatScape.
"""

import re
from pathlib import Path

import resvg_py

HERE = Path(__file__).resolve().parent
TILE = "#151515"
GLYPH = re.sub(
    r"<!--.*?-->\s*|</?svg[^>]*>\s*", "", (HERE / "glyph.svg").read_text(), flags=re.DOTALL
).strip()


def drawing(glyph: str, *, scale: float, corner: float, tile: str = TILE) -> str:
    """Return an SVG of a 64 by 64 tile with `glyph` centred in it.

    `scale` is the glyph's share of the tile, `corner` the tile's corner radius.
    """
    offset = 32 * (1 - scale)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f'<rect width="64" height="64" rx="{corner}" fill="{tile}"/>'
        f'<g transform="translate({offset:g} {offset:g}) scale({scale:g})">{glyph}</g></svg>'
    )


def save(name: str, svg: str, size: int) -> None:
    """Write `svg` as a PNG of `size` pixels a side."""
    (HERE / name).write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size)))


def main() -> None:
    """Write all icons beside this file."""
    rounded = drawing(GLYPH, scale=0.86, corner=14)
    (HERE / "favicon.svg").write_text(rounded + "\n")
    save("favicon-32.png", rounded, 32)
    save("icon-192.png", rounded, 192)
    save("icon-512.png", rounded, 512)
    # Launchers cut their own shape out of these: the tile fills them, the glyph stays in the
    # middle 80 %.
    save("maskable-512.png", drawing(GLYPH, scale=0.66, corner=0), 512)
    save("apple-touch-icon.png", drawing(GLYPH, scale=0.8, corner=0), 180)
    # Android shows only the transparency of a badge.
    badge = GLYPH.replace('fill="#9fb2ff"', 'fill-opacity=".55" fill="#fff"')
    badge = re.sub(
        r'fill="[^"]*"', 'fill="#fff"', re.sub(r' stroke[^=]*="[^"]*"| paint-order="[^"]*"', "", badge)
    )
    save("badge-96.png", drawing(badge, scale=1, corner=0, tile="none"), 96)


if __name__ == "__main__":
    main()
