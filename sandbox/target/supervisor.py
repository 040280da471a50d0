"""Keeps the application of one environment running: `supervisor.py ENV_DIR`, with the venv's python.

Restarts it after a crash (0.5 s, doubling to 2 s), and gracefully on SIGHUP; on SIGTERM it stops it and ends.
Whoever is alive holds a lock: `supervisor.pid` is locked by the supervisor, `app.pid` by the application. A pid file
whose lock is free is left over from an earlier life, whatever process has that number now.
"""
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Optional

STOP_SECONDS = 5.0  # then it is killed
DRAIN_SECONDS = 3  # what uvicorn gives the requests in flight
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 2.0
STEADY_SECONDS = 10.0  # a life longer than this ends the back-off
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")


def say(level: str, message: str, **fields: object) -> None:
    time_now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    entry = {"time": time_now, "level": level, "logger": "supervisor", "message": message, **fields}
    print(json.dumps(entry), flush=True)


def open_locked(path: Path) -> Optional[int]:
    """The file's descriptor, locked; None when another process holds the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    # Whoever asks if the lock is held takes it for a moment (operate/service.py): try again before giving up.
    for _ in range(20):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            time.sleep(0.05)
    os.close(descriptor)
    return None


def write_pid(descriptor: int, pid: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{pid}\n".encode(), 0)


class Supervisor:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Resolved once: a later switch of `current` takes effect by a deploy, never by a crash in the middle of one.
        self.backend = (folder / "current" / "backend").resolve()
        self.app: Optional[subprocess.Popen] = None
        self.stop_asked = False
        self.restart_asked = False
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_restart)

    def _on_stop(self, *_: object) -> None:
        self.stop_asked = True

    def _on_restart(self, *_: object) -> None:
        self.restart_asked = True

    def start_app(self) -> None:
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        environment.update(SANDBOX_ENVIRONMENT_DIR=str(self.folder), PYTHONUNBUFFERED="1")
        lock = open_locked(self.folder / "app.pid")
        if lock is None:
            raise RuntimeError("another application of this environment is running")
        command = [sys.executable, "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", self.port()]
        command += ["--no-access-log", "--timeout-graceful-shutdown", str(DRAIN_SECONDS)]
        # The application inherits the locked descriptor, so the lock lives exactly as long as it does.
        self.app = subprocess.Popen(command, cwd=self.backend, env=environment, pass_fds=[lock])
        write_pid(lock, self.app.pid)
        os.close(lock)
        say("INFO", "application process started", pid=self.app.pid)

    def port(self) -> str:
        for line in (self.folder / ".env").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "PORT":
                return str(int(value.strip().strip("'\"")))
        raise RuntimeError("PORT is missing in the environment's .env file")

    def stop_app(self) -> None:
        if self.app is None or self.app.poll() is not None:
            return
        self.app.terminate()
        try:
            self.app.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            say("WARNING", "application did not stop in time and was killed", pid=self.app.pid)
            self.app.kill()
            self.app.wait()

    def run(self) -> None:
        pause = FIRST_PAUSE
        while not self.stop_asked:
            self.restart_asked = False
            started = time.monotonic()
            self.start_app()
            while self.app.poll() is None and not self.stop_asked and not self.restart_asked:
                time.sleep(0.1)
            if self.stop_asked or self.restart_asked:
                self.stop_app()
                pause = FIRST_PAUSE
                continue
            if time.monotonic() - started > STEADY_SECONDS:
                pause = FIRST_PAUSE
            say("ERROR", "application ended unexpectedly", status=self.app.returncode, restart_in_seconds=pause)
            until = time.monotonic() + pause
            while time.monotonic() < until and not self.stop_asked:
                time.sleep(0.05)
            pause = min(2 * pause, LONGEST_PAUSE)


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    lock = open_locked(folder / "supervisor.pid")
    if lock is None:
        say("ERROR", "another supervisor of this environment is running")
        return 1
    write_pid(lock, os.getpid())
    supervisor = Supervisor(folder)
    try:
        supervisor.run()
        say("INFO", "supervisor stopped")
        return 0
    except (OSError, RuntimeError, ValueError) as error:
        say("ERROR", f"supervisor failed: {error}")
        return 1
    finally:
        supervisor.stop_app()


if __name__ == "__main__":
    sys.exit(main())
