"""``python -m tests.fuzz --examples 20000``: try many, on SQLite or the database that is named."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000, help="of each test")
    parser.add_argument("--seed", type=int, help="to see once more what another run has found")
    options, more = parser.parse_known_args(arguments)
    seed = [] if options.seed is None else [f"--hypothesis-seed={options.seed}"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/fuzz", *seed, *more]
    examples = {"USERACCOUNTS_FUZZ_EXAMPLES": str(options.examples)}
    return subprocess.run(command, env={**os.environ, **examples}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
