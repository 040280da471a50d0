"""Start and stop the supervisor of an environment, and with it the application."""
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional

from environment import Environment, OperationError, get_health, report

START_SECONDS = 45
STOP_SECONDS = 12


def holder(pid_file: Path) -> Optional[int]:
    """The pid in the file while the process that wrote it lives: it holds the file's lock (see supervisor.py)."""
    try:
        with open(pid_file, "r+", encoding="utf-8") as file:
            try:
                # Shared, so that two who look at the same time do not take each other for the holder.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return None
            except BlockingIOError:
                return int(file.read().strip() or 0) or None
    except FileNotFoundError:
        return None


def app_pid(environment: Environment) -> Optional[int]:
    return holder(environment.folder / "app.pid")


def supervisor_pid(environment: Environment) -> Optional[int]:
    return holder(environment.folder / "supervisor.pid")


def stop(environment: Environment) -> bool:
    """Stop supervisor and application, by force when they do not end in time; False when none was running."""
    stopped = False
    # The supervisor first: it would start the application again. An orphaned application is ended by itself.
    for name in ("supervisor.pid", "app.pid"):
        pid_file = environment.folder / name
        for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5)):
            pid = holder(pid_file)
            if pid is None:
                break
            stopped = True
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
            deadline = time.monotonic() + seconds
            while holder(pid_file) is not None and time.monotonic() < deadline:
                time.sleep(0.05)
        if holder(pid_file) is not None:
            raise OperationError(f"process {holder(pid_file)} ({name}) does not end")
    return stopped


def start(environment: Environment) -> None:
    """Start a supervisor that outlives the caller, and wait until the application answers."""
    if not (environment.folder / "current").exists():
        raise OperationError(f"nothing is deployed to {environment.name}")
    supervisor = Path(os.environ["SANDBOX_TARGET"]) / "supervisor.py"
    with open(environment.log, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-B", str(supervisor), str(environment.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    report(f"started the supervisor (pid {process.pid})")
    wait_until_it_answers(environment, supervisor=process)


def wait_until_it_answers(environment: Environment, supervisor: Optional[subprocess.Popen] = None) -> None:
    """Wait until the environment's own application answers /health, healthy or not.

    By pid: anything else on the port, or the process before a restart, does not count.
    """
    deadline = time.monotonic() + START_SECONDS
    seen = set()
    while time.monotonic() < deadline:
        pid = app_pid(environment)
        if pid:
            seen.add(pid)
            status, body = get_health(f"{environment.url}/health", timeout=2)
            if body.get("pid") == pid:
                report(f"the application answers on {environment.url} (pid {pid}, health {status})")
                return
        if len(seen) > 3 or (supervisor and supervisor.poll() is not None):
            break
        time.sleep(0.1)
    tail = "\n".join(f"  {line}" for line in environment.last_log_lines(15))
    raise OperationError(f"the application does not come up; last lines of its log:\n{tail}")
