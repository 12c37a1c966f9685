"""What reads the pages and comes from npm: axe-core, and html-validate."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests import peers
from tests.gallery.stage import Shot

REQUIREMENT = "node"


@cache
def folder() -> Path:
    home = Path(__file__).parent / "tools"
    return peers.installed(home, "gallery", requirement=REQUIREMENT, program="validate.mjs")


@cache
def axe() -> str:
    """Return the script of axe-core."""
    return (folder() / "node_modules/axe-core/axe.min.js").read_text()


def wrong_html(shots: Iterable[Shot], rules: Mapping[str, Any]) -> list[str]:
    """Return what html-validate finds wrong with the HTML of shots."""
    asked = {"rules": rules, "pages": {shot.name: shot.html for shot in shots}}
    done = subprocess.run(
        [peers.node(REQUIREMENT), "validate.mjs"],
        cwd=folder(),
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return ["{name}, line {line}: {message} ({rule}) {selector}".format(**one) for one in found]
