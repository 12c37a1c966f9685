"""Argon2 as Django has it, which counts its hashes and what they cost."""

import time
from typing import Any, ClassVar

from django.contrib.auth.hashers import Argon2PasswordHasher


class Hashes:
    """How many hashes were made since the last ``reset``, and how many seconds of CPU they took."""

    number: ClassVar[int] = 0
    seconds: ClassVar[float] = 0.0

    @classmethod
    def reset(cls) -> None:
        cls.number, cls.seconds = 0, 0.0

    @classmethod
    def add(cls, start: float) -> None:
        cls.number += 1
        cls.seconds += time.process_time() - start


class Full(Argon2PasswordHasher):
    """With the parameters that Django ships."""

    def encode(self, *args: Any) -> Any:
        start = time.process_time()
        try:
            return super().encode(*args)
        finally:
            Hashes.add(start)

    def verify(self, *args: Any) -> Any:
        start = time.process_time()
        try:
            return super().verify(*args)
        finally:
            Hashes.add(start)


class Cheap(Full):
    """With the least effort, where only counts are wanted."""

    time_cost, memory_cost, parallelism = 1, 8, 1
