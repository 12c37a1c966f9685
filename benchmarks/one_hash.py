"""
What one login takes of a machine: CPU and memory of a hash, alone and several at once.

``python -m benchmarks.one_hash`` prints the figures of docs/scaling.rst. Each number of threads has
a process of its own, since the highest memory of a process is never less than it was.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from django.conf import settings

THREADS, SAMPLES = (1, 2, 4, 8), 12
HASHER = "django.contrib.auth.hashers.Argon2PasswordHasher"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, help="measure this number in this process")
    given = parser.parse_args()
    if given.threads:
        print(json.dumps(measure(given.threads)))
        return
    print("threads  CPU of a hash, ms  wall, ms  hashes a second  MiB more than without")
    for threads in THREADS:
        command = [sys.executable, "-m", "benchmarks.one_hash", f"--threads={threads}"]
        found = json.loads(subprocess.check_output(command))
        print(
            f"{threads:>7}  {found['cpu']:>17.1f}  {found['wall']:>8.1f}  {found['rate']:>15.1f}"
            f"  {found['memory']:>21.0f}"
        )


def measure(threads: int) -> dict[str, float]:
    """Hash in so many threads at once; return the figures of one hash and of the process."""
    settings.configure(PASSWORD_HASHERS=[HASHER])
    from django.contrib.auth.hashers import get_hasher

    hasher: Any = get_hasher()
    hasher.memory_cost, usual = 8 * hasher.parallelism, hasher.memory_cost
    encoded = hasher.encode("a password", "a salt of 16 bytes")  # loads what it needs
    hasher.memory_cost = usual
    before = _peak()
    encoded = hasher.encode("a password", "a salt of 16 bytes")

    def one(_number: int) -> float:
        started = time.perf_counter()
        assert hasher.verify("a password", encoded)
        return time.perf_counter() - started

    number, cpu, started = SAMPLES * threads, time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        walls = list(pool.map(one, range(number)))
    took = time.perf_counter() - started
    return {
        "cpu": (time.process_time() - cpu) / number * 1000,
        "wall": median(walls) * 1000,
        "rate": number / took,
        "memory": _peak() - before,
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
