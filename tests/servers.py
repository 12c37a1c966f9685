"""
Servers of the tests' own, databases and Redis: a temporary folder, a free port, stopped at the end.

``python -m tests.servers postgresql -- COMMAND …`` runs a command against a fresh server.
"""

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

#: Seconds that a server may take to answer, and to stop before it is killed.
PATIENCE = 60
#: Where Linux keeps files in memory, and the bytes that a server may need of it.
MEMORY, ROOM = Path("/dev/shm"), 4 * 1024**3

#: Fails until a standby is waited for.
IS_IN_STEP = "SELECT 1 / count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL server and yield the URL of an empty database."""
    with _postgresql() as (url, _server):
        yield url


@contextmanager
def _postgresql() -> "Iterator[tuple[str, subprocess.Popen[bytes]]]":
    with _folder_of_the_server() as folder:
        port, password = free_port(), secrets.token_urlsafe()
        (folder / "password").write_text(password)
        initdb = [_program("initdb"), "--pgdata=data", "--username=useraccounts", "--no-sync"]
        # Without the rounds of hashing of scram-sha-256: a race connects twice, and never leaves here.
        access = ["--auth=password", "--pwfile=password"]
        _run(folder, [*initdb, *access, "--encoding=UTF8", "--locale=C.UTF-8"])
        # An interrupted PostgreSQL ends its sessions and stops; a terminated one waits for them.
        with _running(folder, _postgres_at(port), stop=signal.SIGINT) as server:
            _query_when_ready(server, lambda: _create_database(port, password))
            yield f"postgresql://useraccounts:{password}@127.0.0.1:{port}/useraccounts", server


def _postgres_at(port: int) -> list[str]:
    """Return the command of a server whose files are in ``data``."""
    options = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    # Two that wait for each other are found at once: nothing else here waits for long.
    options += ["deadlock_timeout=50ms"]
    # Two runs of tests at once, one with a race of two hundred.
    options += ["max_connections=350"]
    options += ["listen_addresses=127.0.0.1", "unix_socket_directories=", f"port={port}"]
    return [_program("postgres"), "-D", "data", *(f"--{option}" for option in options)]


@dataclass(frozen=True)
class Pair:
    """A PostgreSQL, and its copy that has each commit before the answer to it, as is told there."""

    url: str
    standby_url: str
    primary: "subprocess.Popen[bytes]"

    def break_down(self) -> None:
        """Have the first one die, as by a broken machine: it finishes nothing."""
        self.primary.send_signal(signal.SIGQUIT)
        self.primary.wait(PATIENCE)

    def promote(self) -> None:
        """Have the copy take over; return when it takes what is written."""
        _execute(self.standby_url, "SELECT pg_promote()")


@contextmanager
def postgresql_with_standby() -> Iterator[Pair]:
    """Run two PostgreSQL servers, the second a synchronous standby of the first; empty, too."""
    with _postgresql() as (url, primary), _folder_of_the_server() as folder:
        copying = ["--pgdata=data", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        _run(folder, [_program("pg_basebackup"), *copying, f"--dbname={url}"])
        port = free_port()
        standby_url = url.replace(f":{urlsplit(url).port}/", f":{port}/")
        with _running(folder, _postgres_at(port), stop=signal.SIGINT) as standby:
            _query_when_ready(standby, lambda: _execute(standby_url, "SELECT 1"))
            _execute(url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
            # That of a database goes before that of the command.
            _execute(url, "ALTER DATABASE useraccounts SET synchronous_commit = on")
            _execute(url, "SELECT pg_reload_conf()")
            _query_when_ready(standby, lambda: _execute(url, IS_IN_STEP))
            yield Pair(url, standby_url, primary)


@contextmanager
def pgbouncer() -> Iterator[str]:
    """
    Run PgBouncer in transaction mode before a PostgreSQL server; yield the URL of an empty database.

    Each transaction gets the next of several connections, so that nothing of a session is there for
    the next one but by chance.
    """
    with postgresql() as url, _folder_of_the_server() as folder:
        server, port = urlsplit(url), free_port()
        (folder / "users").write_text(f'"{server.username}" "{server.password}"\n')
        pool = ["pool_mode=transaction", "server_round_robin=1", "min_pool_size=3"]
        access = ["auth_type=plain", f"auth_file={folder / 'users'}", "unix_socket_dir="]
        (folder / "pgbouncer.ini").write_text(
            "\n".join(
                [
                    "[databases]",
                    f"* = host={server.hostname} port={server.port}",
                    "[pgbouncer]",
                    "listen_addr=127.0.0.1",
                    f"listen_port={port}",
                    *pool,
                    *access,
                ]
            )
        )
        command = [_program("pgbouncer"), str(folder / "pgbouncer.ini")]
        through_the_pool = url.replace(f":{server.port}/", f":{port}/")
        with _running(folder, command, stop=signal.SIGINT) as process:
            _query_when_ready(process, lambda: _execute(through_the_pool, "SELECT 1"))
            yield through_the_pool.replace("postgresql:", "pgbouncer:")


@contextmanager
def mariadb() -> Iterator[str]:
    """Run a MariaDB server and yield the URL of an empty database."""
    with _folder_of_the_server() as folder:
        port, password, data = free_port(), secrets.token_urlsafe(), folder / "data"
        user = "'useraccounts'@'127.0.0.1'"
        (folder / "init.sql").write_text(
            f"CREATE USER {user} IDENTIFIED BY '{password}';\n"
            f"GRANT ALL ON *.* TO {user};\n"
            f"CREATE DATABASE useraccounts CHARACTER SET utf8mb4;\n"
        )
        where = ["--no-defaults", f"--datadir={data}", f"--tmpdir={folder}"]
        _run(folder, [_program("mariadb-install-db"), *where, "--skip-test-db"])
        options = [f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}"]
        options += ["--bind-address=127.0.0.1", f"--port={port}", "--skip-name-resolve"]
        options += ["--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=0"]
        options += ["--innodb-doublewrite=0", f"--init-file={folder / 'init.sql'}"]
        options += ["--max-connections=350"]
        command = [_program("mariadbd"), *where, *options]
        with _running(folder, command, stop=signal.SIGTERM) as server:
            _query_when_ready(server, lambda: _connect(port, password))
            yield f"mariadb://useraccounts:{password}@127.0.0.1:{port}/useraccounts"


@dataclass(frozen=True)
class Redis:
    """A Redis that a test may stop, go on with, or kill."""

    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def redis() -> Iterator[Redis]:
    """Run an empty Redis server that keeps nothing on disk."""
    with _folder_of_the_server() as folder:
        port, password = free_port(), secrets.token_urlsafe()
        options = ["--bind", "127.0.0.1", "--port", str(port), "--requirepass", password]
        options += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
        command = [_program("redis-server"), *options]
        with _running(folder, command, stop=signal.SIGTERM) as server:
            url = f"redis://:{password}@127.0.0.1:{port}"
            _query_when_ready(server, lambda: _ping(url))
            yield Redis(url, server)


#: What databases can be started, by the name that USERACCOUNTS_REQUIRE and the command line give it.
SERVERS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "postgresql": postgresql,
    "mariadb": mariadb,
}
#: And what stands before one; the command line knows it, too.
POOLS: dict[str, Callable[[], AbstractContextManager[str]]] = {"pgbouncer": pgbouncer}


def lacks(name: str) -> str:
    """Say what this machine lacks to run a server and talk to it; nothing if it has all."""
    driver, programs = {
        "postgresql": ("psycopg", ["initdb", "postgres"]),
        "standby": ("psycopg", ["initdb", "postgres", "pg_basebackup"]),
        "mariadb": ("MySQLdb", ["mariadb-install-db", "mariadbd"]),
        "pgbouncer": ("psycopg", ["initdb", "postgres", "pgbouncer"]),
        "redis": ("redis", ["redis-server"]),
    }[name]
    missing = [program for program in programs if not _find(program)]
    if not find_spec(driver):
        missing.append(f"the Python package {driver}")
    return f"{name} needs {' and '.join(missing)}" if missing else ""


def _find(program: str) -> str | None:
    # Debian keeps most of PostgreSQL, and servers in general, where PATH does not lead.
    by_version = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True
    )
    folders = [*map(str, by_version), os.environ.get("PATH", os.defpath), "/usr/sbin"]
    return shutil.which(program, path=os.pathsep.join(folders))


def _program(name: str) -> str:
    found = _find(name)
    if not found:
        raise FileNotFoundError(name)
    return found


def _user() -> str | int | None:
    """Name whom the servers run as: both refuse to run as root."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "mysql", "nobody") if name in known), 65534)


@contextmanager
def _folder_of_the_server() -> Iterator[Path]:
    # Not pytest's tmp_path: its parents are closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="useraccounts-server-", dir=_memory()))
    user = _user()
    if user is not None:
        shutil.chown(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """
    Return the folder that Linux keeps in memory, if it has room for a server.

    A disk has to be waited for at each CREATE and TRUNCATE, whatever the options, and the tests
    migrate and flush all day. Containers often have 64 MB there. USERACCOUNTS_SERVER_FOLDER names
    another one, for what memory does not hold.
    """
    if wanted := os.environ.get("USERACCOUNTS_SERVER_FOLDER"):
        return Path(wanted)
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if has_room else None


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(folder: Path, command: Sequence[str]) -> None:
    done = subprocess.run(
        command, cwd=folder, user=_user(), capture_output=True, text=True, timeout=PATIENCE * 2
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}\n{done.stderr}")


@contextmanager
def _running(
    folder: Path, command: Sequence[str], *, stop: signal.Signals
) -> Iterator["subprocess.Popen[bytes]"]:
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=folder,
            user=_user(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_stop_with_the_parent(stop),  # noqa: PLW1509 - a call of C, no locks
        )
    try:
        yield server
    except ServerDied as error:
        error.add_note(log.read_text(errors="replace")[-4000:])
        raise
    finally:
        _stop(server, stop)


class ServerDied(Exception):
    """The server ended, or never answered, while it was starting."""


def _stop(server: "subprocess.Popen[bytes]", stop: signal.Signals) -> None:
    server.send_signal(stop)
    # A test may have stopped it, and then it would not hear.
    server.send_signal(signal.SIGCONT)
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _stop_with_the_parent(stop: signal.Signals) -> Callable[[], object] | None:
    """Let Linux stop the server when the tests are killed and no ``finally`` runs."""
    if sys.platform != "linux":
        return None
    libc, set_parent_death_signal = ctypes.CDLL(None), 1
    return lambda: libc.prctl(set_parent_death_signal, int(stop))


def _query_when_ready(server: "subprocess.Popen[bytes]", ask: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            ask()
        except Exception as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise ServerDied("The server did not start.") from error
            time.sleep(0.1)
        else:
            return


def _create_database(port: int, password: str) -> None:
    import psycopg

    with psycopg.connect(
        host="127.0.0.1",
        port=port,
        user="useraccounts",
        password=password,
        dbname="postgres",
        connect_timeout=5,
        autocommit=True,
    ) as connection:
        connection.execute("CREATE DATABASE useraccounts")


def _execute(url: str, sql: str) -> None:
    import psycopg

    with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
        connection.execute(sql.encode())


def _ping(url: str) -> None:
    from redis import Redis as Client

    with Client.from_url(url, socket_timeout=5) as client:
        client.ping()


def _connect(port: int, password: str) -> None:
    import MySQLdb

    MySQLdb.connect(
        host="127.0.0.1", port=port, user="useraccounts", password=password, connect_timeout=5
    ).close()


def main(arguments: Sequence[str]) -> int:
    """Run ``NAME -- COMMAND …`` with USERACCOUNTS_TEST_DATABASE set to a fresh server."""
    name, *command = arguments or [""]
    known = SERVERS | POOLS
    if name not in known or command[:1] != ["--"] or not command[1:]:
        print(f"usage: python -m tests.servers {'|'.join(known)} -- COMMAND …", file=sys.stderr)
        return 2
    if lacks(name):
        print(lacks(name), file=sys.stderr)
        return 1
    # So that a terminated program leaves no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with known[name]() as url:
        return subprocess.run(
            command[1:], env={**os.environ, "USERACCOUNTS_TEST_DATABASE": url}
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
