"""PostgreSQL and MariaDB in a temporary folder, on 127.0.0.1 and a socket, as a user without rights; and the program with them.

Both are Debian's own (deps/install-debian servers). A server is ready when its log says so: nothing waits for a time.
"""

import csv
import io
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

PROGRAM = os.environ["SINAN_PROGRAM"]
PASSWORD = "s3cret;\"p'w"  # with signs that a connection string or SQL would trip over


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that says in its log when it is ready."""

    def __init__(self, name):
        self.folder = Path(tempfile.mkdtemp(prefix=f"sinan_{name}_"))
        # Both servers refuse to run as root.
        self.identity = {}
        if os.getuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
            self.identity = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        self.port = free_port()
        self.process = None

    def prepare(self, command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False,
                              env={**os.environ, "HOME": str(self.folder)}, **self.identity)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    def start(self, command, ready):
        self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, errors="replace",
                                        env={**os.environ, "HOME": str(self.folder)}, **self.identity)
        log = []
        for line in self.process.stderr:
            log.append(line)
            if re.search(ready, line):
                return
        raise RuntimeError(f"{command[0]} did not start: {''.join(log)}")

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


class MariaDb(Server):
    def __init__(self):
        super().__init__("mariadb")
        self.socket = self.folder / "socket"
        self.prepare(["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data",
                      "--auth-root-authentication-method=normal", "--skip-test-db"])
        self.start(["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.folder}/data", f"--port={self.port}",
                    "--bind-address=127.0.0.1", f"--socket={self.socket}", f"--pid-file={self.folder}/pid",
                    "--skip-name-resolve", "--local-infile=1", "--innodb-flush-log-at-trx-commit=2"],
                   "ready for connections")
        password = PASSWORD.replace("'", "''")
        self.run(f"CREATE USER sinan@'127.0.0.1' IDENTIFIED BY '{password}'; GRANT ALL ON *.* TO sinan@'127.0.0.1'; "
                 "CREATE DATABASE shop")

    def run(self, sql, database=None):
        """Rows as lists of texts, NULL as None."""
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names",
                   "--raw", "--local-infile=1"]
        done = subprocess.run(command + ([database] if database else []), input=sql, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{sql}: {done.stderr}")
        return [[None if value == "NULL" else value for value in line.split("\t")] for line in done.stdout.splitlines()]


class Postgres(Server):
    def __init__(self):
        super().__init__("postgres")
        tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        (self.folder / "password").write_text(PASSWORD)
        if self.identity:
            shutil.chown(self.folder / "password", "nobody")
        self.prepare([str(tools / "initdb"), "--pgdata=data", "--username=sinan", "--no-sync", "--locale=C", "--encoding=UTF8",
                      "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={self.folder}/password"])
        self.start([str(tools / "postgres"), "-D", "data", "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder), "-F"],
                   "ready to accept connections")
        self.run("CREATE DATABASE shop", database="postgres")

    def run(self, sql, database="shop"):
        done = subprocess.run(["psql", "--no-psqlrc", "-h", str(self.folder), "-p", str(self.port), "-U", "sinan", "-d", database,
                               "--csv", "--tuples-only", "--set=ON_ERROR_STOP=1", "-c", sql],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{sql}: {done.stderr}")
        return list(csv.reader(io.StringIO(done.stdout)))


class Project:
    """The program in a folder of its own, with these data sources."""

    def __init__(self, sources=(), settings=""):
        self.folder = Path(tempfile.mkdtemp(prefix="sinan_sources_"))
        if settings:
            (self.folder / "sinan.toml").write_text(settings)
        self.sources = list(sources)
        self.environment = {**os.environ, "SHOP_PASSWORD": PASSWORD}

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments):
        sources = [word for source in self.sources for word in ("--data-source", source)]
        return [PROGRAM, "--project", str(self.folder), *sources, *arguments]

    def run(self, program, *options):
        return subprocess.run(self.command("--format", "csv", "--rows", "0", *options, "-c", program), capture_output=True, text=True,
                              check=False, env=self.environment, cwd=self.folder)

    def rows(self, program):
        """Rows of the one result, without the line of names."""
        done = self.run(program)
        if done.returncode != 0:
            raise AssertionError(f"{program}: exit code {done.returncode}: {done.stderr}")
        return list(csv.reader(io.StringIO(done.stdout)))[1:]
