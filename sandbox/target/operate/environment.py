"""One environment's folder: its settings, its lock, its operations log."""
import contextlib
import fcntl
import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Iterator, Optional

NAMES = ("staging", "production")
USAGE_ERROR, BUSY = 2, 3


class OperationError(Exception):
    """An operation that cannot go on; `status` is the exit code."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def run_operation(operation: Callable[[list], None]) -> None:
    """Run a script's `main`, turning an OperationError into a message and its exit code."""
    try:
        operation(sys.argv[1:])
    except OperationError as error:
        print(f"{Path(sys.argv[0]).stem}: {error}", file=sys.stderr)
        sys.exit(error.status)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def usage(text: str) -> OperationError:
    return OperationError(f"usage: {text}", USAGE_ERROR)


def report(message: str) -> None:
    print(message, flush=True)


class Environment:
    def __init__(self, name: str) -> None:
        if name not in NAMES:
            raise OperationError(f"unknown environment {name!r}; known: {', '.join(NAMES)}", USAGE_ERROR)
        self.name = name
        self.folder = Path(os.environ["SANDBOX_STATE"]) / "environments" / name
        if not (self.folder / ".env").is_file():
            raise OperationError(f"environment {name} is not prepared: its .env file is missing", USAGE_ERROR)
        self.log = self.folder / "app.log"

    def setting(self, key: str) -> str:
        for line in (self.folder / ".env").read_text(encoding="utf-8").splitlines():
            name, separator, value = line.partition("=")
            if separator and name.strip() == key:
                return value.strip().strip("'\"")
        raise OperationError(f"{key} is missing in the environment's .env file")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{int(self.setting('PORT'))}"

    def record(self, *operation: str) -> None:
        """One line in the operations log: the target's own account of what was done to it."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        with open(self.folder / "operations.log", "a", encoding="utf-8") as log:
            log.write(f"{now} {os.getpid()} {' '.join(operation)}\n")

    @contextlib.contextmanager
    def locked(self, wait_seconds: float = 0) -> Iterator[None]:
        """Only one deploy, restart or stop at a time. The lock ends with the process, even a killed one."""
        deadline = time.monotonic() + wait_seconds
        with open(self.folder / ".operation.lock", "a+", encoding="utf-8") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        lock.seek(0)
                        message = f"another operation on {self.name} is running (pid {lock.read().strip()})"
                        raise OperationError(message, BUSY) from None
                    time.sleep(0.1)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def last_log_lines(self, count: int) -> list:
        if not self.log.exists():
            return []
        with open(self.log, "rb") as log:
            # A line is seldom longer than 400 bytes; a traceback is one line of a few thousand.
            log.seek(max(0, self.log.stat().st_size - 4000 * count))
            lines = log.read().decode("utf-8", "replace").splitlines()
        return lines[-count:]


def get_health(url: str, timeout: float = 5) -> tuple[Optional[int], dict]:
    """The status and the body of a health check; (None, {}) when nobody answers HTTP."""
    try:
        # Apart from proxy settings: these are addresses of this machine or given in full.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=timeout) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    except (OSError, ValueError):
        return None, {}
    try:
        parsed = json.loads(body)
        return status, parsed if isinstance(parsed, dict) else {}
    except ValueError:
        return status, {}
