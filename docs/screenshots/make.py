#!/usr/bin/env python3
# /// script
# requires-python = ">=3.10"
# dependencies = ["rich==15.0.0"]
# ///
"""Makes the pictures of this folder from what the command prints.

    cargo build --bin neovm
    uv run docs/screenshots/make.py [NEOVM]

(or with any Python that has the package above). The page of the coverage needs Chromium.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
NEOVM = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / 'target/debug/neovm').resolve()

OWNER = 'NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj'
ALICE = '0x0202020202020202020202020202020202020202'
TOKEN = 'examples/contracts/token.nef'
MINT = [TOKEN, '--method', 'mint', ALICE, '500', '--signer', OWNER]

WIDTH = 110
# What a browser shows of a page, in pixels.
PAGE = (1100, 900)


def neovm(*arguments: str) -> str:
    """What the command prints at a terminal."""
    environment = os.environ | {'CLICOLOR_FORCE': '1'}
    environment.pop('NO_COLOR', None)
    command = [str(NEOVM), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)}: exit code {done.returncode}\n{done.stderr}')
    return done.stdout


def terminal(name: str, title: str, output: str):
    """Draws what a command printed, cut off where the line ends."""
    lines = Text.from_ansi(output).split()
    for line in lines:
        line.truncate(WIDTH, overflow='ellipsis')
    with open(os.devnull, 'w') as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system='truecolor')
        console.print(Text('\n').join(lines), no_wrap=True, highlight=False)
        svg = console.export_svg(title=title, unique_id=name)
    # A picture in a README may load nothing from elsewhere.
    svg = re.sub(r'@font-face \{.*?\}\s*', '', svg, flags=re.DOTALL)
    (FOLDER / f'{name}.svg').write_text(svg)


def page(name: str, html: Path):
    """Draws a page as a browser shows it."""
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
                f'--user-data-dir={profile}', f'--window-size={PAGE[0]},{PAGE[1]}',
                f'--screenshot={FOLDER / name}.png', html.as_uri(),
            ],
            check=True, capture_output=True, timeout=60,
        )


def main():
    terminal('tree', 'neovm run token.nef --method mint ... --tree', neovm('run', *MINT, '--tree'))
    commands = ['break add', 'continue', 'frames', 'next', 'slots', 'list 2', 'break storage 0x00', 'continue', 'backcontinue', 'print/a account']
    session = [part for command in commands for part in ('-x', command)]
    terminal('debugger', 'neovm debug token.nef --method mint ...', neovm('debug', *MINT, *session))
    neovm('profile', *MINT, '--flame', str(FOLDER / 'flame.svg'))
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder) / 'coverage.html'
        neovm('coverage', *MINT, '--html', str(html))
        page('coverage', html)


main()
