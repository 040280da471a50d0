"""Shows the faults that the environment's `faults.json` asks for, so that a rollback has something to cure.

The file is looked at every 200 ms. A fault may say when it holds (`when.version`, `when.revision`): it stops by
itself once another release runs or the database is at another revision.
"""
import hashlib
import json
import logging
import os
import random
import threading
import time
from typing import Callable, Optional

import psycopg
from sqlalchemy import text

from .database import applied_revisions, probe_engine
from .fault_catalogue import check_faults
from .settings import settings

log = logging.getLogger("app.faults")

LOOK_EVERY_SECONDS = 0.2
ASK_REVISION_EVERY_SECONDS = 1.0
PROCESS_STARTED = time.monotonic()


class Faults:
    """The faults in force now. One thread follows the file; each lasting fault runs in a thread of its own."""

    def __init__(self) -> None:
        self.active: dict[str, dict] = {}
        self._asked: dict[str, dict] = {}
        self._seen: Optional[tuple] = None
        self._revisions: set[str] = set()
        self._revisions_asked_at = 0.0
        self._running: dict[str, tuple[dict, threading.Event]] = {}

    def latency_seconds(self) -> float:
        return self.active.get("latency", {}).get("seconds", 0.0)

    def request_must_fail(self) -> bool:
        fault = self.active.get("errors")
        return fault is not None and random.random() < fault["rate"]

    def follow(self) -> None:
        """Start following the file; nothing to follow outside a deployment."""
        if settings.folder is not None:
            self._look()
            threading.Thread(target=self._follow, name="faults", daemon=True).start()

    def _follow(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            self._look()

    def _look(self) -> None:
        self._read_file()
        if any("revision" in fault["when"] for fault in self._asked.values()):
            self._ask_revision()
        self.active = {name: fault for name, fault in self._asked.items() if self._holds(fault["when"])}
        self._run_lasting_faults()

    def _read_file(self) -> None:
        path = settings.folder / "faults.json"
        try:
            status = path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        except FileNotFoundError:
            seen = None
        if seen == self._seen:
            return
        self._seen = seen
        try:
            content = path.read_text(encoding="utf-8") if seen else "{}"
            asked = check_faults(json.loads(content))
        except (OSError, ValueError) as error:
            log.warning(f"fault file ignored, the faults stay as they are: {error}")
            return
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        if "lost-rows" in asked:
            asked["lost-rows"]["marker"] = str(settings.folder / f".lost-rows-{digest}")
        else:
            for marker in settings.folder.glob(".lost-rows-*"):
                marker.unlink(missing_ok=True)
        self._asked = asked

    def _ask_revision(self) -> None:
        if time.monotonic() - self._revisions_asked_at < ASK_REVISION_EVERY_SECONDS:
            return
        self._revisions_asked_at = time.monotonic()
        revisions = applied_revisions()
        if revisions is not None:
            self._revisions = revisions

    def _holds(self, when: dict) -> bool:
        return when.get("version", settings.version) == settings.version and (
            "revision" not in when or when["revision"] in self._revisions
        )

    def _run_lasting_faults(self) -> None:
        for name, (fault, stop) in list(self._running.items()):
            if self.active.get(name) != fault:
                stop.set()
                del self._running[name]
        for name, fault in self.active.items():
            if name in LASTING and name not in self._running:
                stop = threading.Event()
                self._running[name] = (fault, stop)
                thread = threading.Thread(target=run, args=(name, fault, stop), name=f"fault-{name}", daemon=True)
                thread.start()


def run(name: str, fault: dict, stop: threading.Event) -> None:
    """Show one lasting fault until told to stop, again after an error (the database may be away)."""
    while not stop.is_set():
        try:
            LASTING[name](fault, stop)
            return
        except Exception:
            log.warning(f"fault {name} interrupted", exc_info=True)
            stop.wait(1)


def deadlock(fault: dict, stop: threading.Event) -> None:
    # A session cannot shorten deadlock_timeout (superusers only), so more than one a second takes more pairs.
    pairs = max(1, -(-int(fault["per_second"] * 100) // 100))
    threads = [threading.Thread(target=deadlock_pair, args=(n, pairs, fault, stop), daemon=True) for n in range(pairs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def deadlock_pair(number: int, pairs: int, fault: dict, stop: threading.Event) -> None:
    """Two sessions take two plans in opposite order; PostgreSQL ends one of them."""
    lock = "SELECT 1 FROM intervention_plans WHERE id = %s FOR UPDATE"
    pause = pairs / fault["per_second"] if fault["per_second"] else 1.0
    while not stop.is_set():
        began = time.monotonic()
        try:
            with psycopg.connect(settings.database_url, connect_timeout=2) as one:
                with psycopg.connect(settings.database_url, connect_timeout=2) as other:
                    rows = one.execute(
                        "SELECT id FROM intervention_plans ORDER BY id LIMIT 2 OFFSET %s", (2 * number,)
                    ).fetchall()
                    if len(rows) == 2:
                        (first,), (second,) = rows
                        one.execute(lock, (first,))
                        other.execute(lock, (second,))
                        helper = threading.Thread(target=attempt, args=(one, lock, second), daemon=True)
                        helper.start()
                        attempt(other, lock, first)
                        other.rollback()
                        helper.join(5)
                        one.rollback()
        except psycopg.Error as error:
            log.warning(f"fault deadlocks: {error}")
        stop.wait(max(0.0, pause - (time.monotonic() - began)))


def attempt(connection: psycopg.Connection, query: str, plan_id: object) -> None:
    try:
        connection.execute(query, (plan_id,))
    except psycopg.errors.DeadlockDetected as error:
        log.error("database deadlock", extra={"fields": {"sqlstate": error.sqlstate}})
        connection.rollback()
    except psycopg.Error:
        connection.rollback()


def grow_memory(fault: dict, stop: threading.Event) -> None:
    cap = fault["cap_mb"] * 1024 * 1024 or settings.memory_limit_bytes * 0.97
    step = int(fault["mb_per_second"] * 1024 * 1024 * LOOK_EVERY_SECONDS)
    held = []
    while not stop.wait(LOOK_EVERY_SECONDS):
        more = int(min(step, cap - resident_bytes()))
        if more > 0:
            held.append(b"\x01" * more)  # written, not only reserved: it must count as resident


def resident_bytes() -> float:
    from prometheus_client import REGISTRY

    return REGISTRY.get_sample_value("process_resident_memory_bytes") or 0.0


def crash(fault: dict, stop: threading.Event) -> None:
    if not stop.wait(max(0.0, fault["after_seconds"] - (time.monotonic() - PROCESS_STARTED))):
        log.critical("fatal fault: the process ends")
        os._exit(70)


def lose_rows(fault: dict, stop: threading.Event) -> None:
    try:
        os.close(os.open(fault["marker"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    delete = text("DELETE FROM intervention_plans WHERE id IN (SELECT id FROM intervention_plans ORDER BY id LIMIT :n)")
    try:
        with probe_engine.connect() as connection:
            deleted = connection.execute(delete, {"n": int(fault["rows"])}).rowcount
    except Exception:
        os.unlink(fault["marker"])
        raise
    log.warning(f"fault lost-rows: {deleted} plans deleted")


def log_critical(fault: dict, stop: threading.Event) -> None:
    pause = 1 / fault["per_second"] if fault["per_second"] else 1.0
    while not stop.is_set():
        log.critical("injected critical fault: plan data may be inconsistent")
        stop.wait(pause)


def burn_cpu(fault: dict, stop: threading.Event) -> None:
    def burn() -> None:
        while not stop.is_set():
            # Releases the interpreter lock: the fault is a busy processor, not a stalled application.
            hashlib.pbkdf2_hmac("sha256", b"busy", b"busy", 50_000)

    threads = [threading.Thread(target=burn, daemon=True) for _ in range(max(1, round(fault["cores"])))]
    for thread in threads:
        thread.start()
    stop.wait()


LASTING: dict[str, Callable[[dict, threading.Event], None]] = {
    "deadlocks": deadlock,
    "memory": grow_memory,
    "crash": crash,
    "lost-rows": lose_rows,
    "critical-logs": log_critical,
    "cpu": burn_cpu,
}

faults = Faults()
