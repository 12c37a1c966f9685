"""
A table of contrib.auth with any number of users, taken over as docs/contrib_auth.rst says.

``python -m tests.servers postgresql -- python -m benchmarks.contrib_auth --users 2000000`` prints
how long each step takes, how many statements it has, what it needs of memory, and for how long
others had to wait for a row of the table meanwhile. Exit code 1: memory has grown with the users.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.adoption.site import Site

#: Megabytes that the last quarter of a command may need more than the second one.
GROWTH = 10
#: Seconds between two looks at a row of the table.
LOOK_EVERY = 0.02

MADE = "'pbkdf2_sha256$870000$abcdefghijklmnopqrstuv$' || repeat('x', 43) || '='"
#: One of a thousand users each has: a username that is another's to us, one with an @, no address,
#: an address that is none, and one that somebody else has, too.
FILL = {
    "postgresql": """
        INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email,
                               is_staff, is_active, date_joined, last_login)
        SELECT {made}, false,
               CASE n % 1000 WHEN 1 THEN 'Member' || (n - 1) WHEN 2 THEN 'm' || n || '@example.com'
                    ELSE 'member' || n END,
               'First', 'Last',
               CASE n % 1000 WHEN 3 THEN '' WHEN 4 THEN 'jörg' || n || '@example.com'
                    WHEN 5 THEN 'Member' || (n - 4) || '@example.com'
                    ELSE 'Member' || n || '@example.com' END,
               false, true, now() - interval '1 year', NULL
        FROM generate_series(1, {users}) n;
        INSERT INTO auth_group (name) VALUES ('readers');
        INSERT INTO auth_user_groups (user_id, group_id)
        SELECT u.id, g.id FROM auth_user u, auth_group g WHERE u.id % 10 = 0;
        INSERT INTO shop_cake (name) VALUES ('Sacher');
        INSERT INTO shop_order (user_id, cake_id) SELECT u.id, c.id FROM auth_user u, shop_cake c;
        ANALYZE
    """,
}
FILL["mysql"] = (
    FILL["postgresql"]
    .replace("generate_series(1, {users}) n;", "(SELECT seq AS n FROM seq_1_to_{users}) numbers;")
    .replace("interval '1 year'", "interval 1 year")
    .replace("ANALYZE", "ANALYZE TABLE auth_user")
    # A unique column of MariaDB knows no capital letters.
    .replace("'Member' || (n - 1)", "'member' || n")
)

#: Runs a command in the project and says what it took.
CHILD = """
import json, os, sys, threading, time
import django
django.setup()
from django.core.management import CommandError, call_command
from django.db import connection

def memory():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20

counts, sizes, is_done = {"statements": 0}, [], threading.Event()
def count(execute, sql, params, many, context):
    counts["statements"] += 1
    return execute(sql, params, many, context)
def watch():
    while not is_done.wait(0.5):
        sizes.append(memory())
threading.Thread(target=watch, daemon=True).start()
begun, processor, code = time.monotonic(), time.process_time(), 0
with connection.execute_wrapper(count), open(os.devnull, "w") as nowhere:
    try:
        call_command(*json.loads(sys.argv[1]), stdout=sys.stderr, skip_checks=True)
    except CommandError as error:
        print(error, file=sys.stderr)
is_done.set()
sizes = sizes or [memory()]
quarter = max(len(sizes) // 4, 1)
print(json.dumps({
    "seconds": time.monotonic() - begun,
    "processor": time.process_time() - processor,
    "statements": counts["statements"],
    "memory": max(sizes),
    "growth": max(sizes[-quarter:]) - max(sizes[quarter:2 * quarter] or sizes),
}))
"""

#: Looks at a row, and writes it, all the time: what somebody who logs in would have to wait.
OTHERS = """
import json, os, sys, time
import django
django.setup()
from django.db import connection
longest = {"read": 0.0, "write": 0.0}
print("ready", flush=True)
number, stop, users, every = 0, sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
while not os.path.exists(stop):
    number += 1
    user = number * 7919 % users + 1
    for name, sql in (
        ("read", "SELECT email FROM auth_user WHERE id = %s"),
        ("write", "UPDATE auth_user SET last_login = CURRENT_TIMESTAMP WHERE id = %s"),
    ):
        begun = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(sql, [user])
        longest[name] = max(longest[name], time.monotonic() - begun)
    time.sleep(every)
print(json.dumps(longest))
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--short", action="store_true", help="Only the steps that change rows.")
    parser.add_argument(
        "--concurrently", action="store_true", help="Have PostgreSQL make indexes beside the rest."
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="useraccounts-contrib-auth-") as folder:
        run = Run(Path(folder), options.users, options.batch)
        return run.all(is_short=options.short, concurrently=options.concurrently)


class Run:
    """The steps of the page, each measured."""

    def __init__(self, folder: Path, users: int, batch: int) -> None:
        self.users, self.batch = users, batch
        self.site = Site(folder, os.environ["USERACCOUNTS_TEST_DATABASE"])
        self.has_grown = False

    def all(self, *, is_short: bool, concurrently: bool) -> int:
        self.site.manage("migrate", "--verbosity=0")
        self._fill()
        self.site.follow(concurrently=concurrently)
        print(f"{self.users:,} users, {self.batch} in a batch")
        heads = ("step", "seconds", "CPU", "per s", "statements", "MB", "growth", "read", "write")
        print(" ".join(f"{head:>{14 if head == 'step' else 10}}" for head in heads))
        adopt, batch = "useraccounts_adopt", f"--batch={self.batch}"
        self._step("begin", adopt, "--begin")
        self._step("migrate", "migrate", "--verbosity=0")
        if not is_short:
            self._step("dry run", adopt, "--dry-run", batch)
        self._step("ahead", adopt, "--ahead", batch)
        self._step("ahead again", adopt, "--ahead", batch)
        self._step("last", adopt, batch)
        if not is_short:
            self._step("last again", adopt, batch)
            self._step("check_emails", "useraccounts_check_emails")
        self.site.manage("makemigrations", "people", "--name", "settled")
        self._step("settled", "migrate", "--verbosity=0")
        return int(self.has_grown)

    def _fill(self) -> None:
        script = f"""
            from django.db import connection
            fill = {FILL!r}[connection.vendor]
            with connection.cursor() as cursor:
                if connection.vendor == "mysql":
                    cursor.execute("SET sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')")
                for sql in fill.format(made={MADE!r}, users={self.users}).split(";"):
                    cursor.execute(sql)
        """
        self.site.shell(script)

    def _step(self, name: str, *command: str) -> None:
        stop = self.site.folder / "stop"
        stop.unlink(missing_ok=True)
        environment = {**self.site.environment, "DJANGO_SETTINGS_MODULE": "mysite.settings"}
        others = subprocess.Popen(
            [sys.executable, "-c", OTHERS, str(stop), str(self.users), str(LOOK_EVERY)],
            cwd=self.site.folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert others.stdout
        others.stdout.readline()
        done = subprocess.run(
            [sys.executable, "-c", CHILD, json.dumps(command)],
            cwd=self.site.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        stop.touch()
        waited = json.loads(others.communicate(timeout=60)[0])
        if done.returncode:
            raise RuntimeError(done.stderr)
        cost = json.loads(done.stdout)
        print(
            f"{name:>14} {cost['seconds']:10.1f} {cost['processor']:10.1f}"
            f" {self.users / cost['seconds']:10,.0f} {cost['statements']:10,}"
            f" {cost['memory']:10.1f} {cost['growth']:10.1f}"
            f" {waited['read']:10.2f} {waited['write']:10.2f}",
            flush=True,
        )
        said = [line for line in done.stderr.splitlines() if "/s, " not in line]
        print("".join(f"{'':>15}{line}\n" for line in said[:8]), end="", flush=True)
        self.has_grown |= cost["growth"] > GROWTH


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
