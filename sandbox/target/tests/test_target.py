"""Drives the whole target: DATABASE_ADMIN_URL=postgresql://superuser@host:port/postgres VENV/bin/python tests/test_target.py

Needs a PostgreSQL server it may create a database in, and the venv of requirements.txt as its python.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import psycopg

TARGET = Path(__file__).resolve().parents[1]
ADMIN_URL = os.environ.get("DATABASE_ADMIN_URL", "")
DATABASE = f"target_test_{os.getpid()}"
PENDING = "/api/v1/intervention-plans/pending-review"
REVISION = "5403edb1d087"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds: float = 15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@unittest.skipUnless(ADMIN_URL, "DATABASE_ADMIN_URL is not set")
class TargetTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.state = Path(tempfile.mkdtemp(prefix="target test "))  # a blank, as users' folders have
        cls.folder = cls.state / "environments" / "staging"
        cls.folder.mkdir(parents=True)
        cls.database_url = ADMIN_URL.rsplit("/", 1)[0] + f"/{DATABASE}"
        with psycopg.connect(ADMIN_URL, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        cls.port = free_port()
        (cls.folder / ".env").write_text(
            f"ENVIRONMENT=staging\nPORT={cls.port}\nDATABASE_URL={cls.database_url}\n"
            "TOKEN_SECRET=0123456789abcdef0123456789abcdef\n"
            "TEST_USERNAME=test@example.com\nTEST_PASSWORD=testpass\nMEMORY_LIMIT_MB=200\n"
        )
        shutil.copytree(TARGET / "scripts", cls.state / "ops")
        (cls.state / "ops" / "sandbox.env").write_text(
            f"SANDBOX_STATE={cls.state}\nSANDBOX_VENV={sys.prefix}\n"
            f"SANDBOX_REPOSITORY={cls.state / 'repository'}\nSANDBOX_TARGET={TARGET}\n"
        )
        subprocess.run([sys.executable, TARGET / "make_repository.py", cls.state / "repository"], check=True)
        cls.run_script("deploy.sh", "staging", "v1.2.3")
        cls.alembic("upgrade", "head")
        cls.seed()

    @classmethod
    def tearDownClass(cls):
        cls.run_script("stop.sh", "staging")
        with psycopg.connect(ADMIN_URL, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        shutil.rmtree(cls.state)

    def setUp(self):
        self.faults("clear")
        (self.folder / "maintenance").unlink(missing_ok=True)
        time.sleep(0.5)  # the application looks at the fault file every 200 ms

    @classmethod
    def run_script(cls, name, *arguments, status=0):
        command = ["bash", cls.state / "ops" / name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, (name, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    @classmethod
    def alembic(cls, *arguments):
        command = [Path(sys.prefix) / "bin" / "alembic", *arguments]
        done = subprocess.run(command, cwd=cls.folder / "backend", capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    @classmethod
    def seed(cls):
        command = [sys.executable, TARGET / "seed.py", "--database-url", cls.database_url, "--plans", "1500", "--replace"]
        subprocess.run(command, check=True, capture_output=True)

    def faults(self, *arguments, status=0):
        done = subprocess.run([sys.executable, TARGET / "faults.py", self.folder, *arguments], capture_output=True)
        self.assertEqual(done.returncode, status, done.stderr)

    def deploy(self, version):
        self.run_script("deploy.sh", "staging", version)

    def call(self, path, token=None, body=None, timeout=20):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode() if body else None)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return None, ""

    def token(self):
        status, body = self.call("/api/v1/auth/login", body={"username": "test@example.com", "password": "testpass"})
        self.assertEqual(status, 200, body)
        return json.loads(body)["access_token"]

    def metric(self, name):
        lines = self.call("/metrics")[1].splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split()[0] == name)

    def plans(self):
        with psycopg.connect(self.database_url) as connection:
            return connection.execute("SELECT count(*) FROM intervention_plans").fetchone()[0]

    def deadlocks(self):
        with psycopg.connect(self.database_url) as connection:
            query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            return connection.execute(query).fetchone()[0]

    def critical_lines(self):
        return (self.folder / "app.log").read_text().count('"CRITICAL"')

    def failing(self, token):
        return self.call(PENDING, token)[0] == 500

    def test_wrong_arguments_change_nothing(self):
        before = os.readlink(self.folder / "current")
        operations = (self.folder / "operations.log").read_text()
        wrong = (("staging", "v9"), ("moon", "main"), ("staging", "--help"), ("staging",), ("production", "main"))
        for arguments in (*wrong, ("staging", "main", "0" * 40), ("staging", "main", "v1.2.3", "more")):
            self.run_script("deploy.sh", *arguments, status=2)
        self.assertEqual(os.readlink(self.folder / "current"), before)
        self.assertEqual((self.folder / "operations.log").read_text(), operations)

    def test_a_commit_says_which_one_a_branch_is(self):
        repository = ["git", "-c", "safe.directory=*", "-C", self.state / "repository"]
        earlier = subprocess.check_output([*repository, "rev-parse", "main~1"], text=True).strip()
        self.run_script("deploy.sh", "staging", "main", earlier)
        told = json.loads(self.call("/health")[1])
        self.assertEqual((told["version"], told["commit"]), ("main", earlier))

    def test_two_deploys_at_once_do_not_mix(self):
        command = ["bash", self.state / "ops" / "deploy.sh", "staging", "v1.2.3"]
        both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
        errors = [process.communicate()[1] for process in both]
        self.assertEqual(sorted(process.returncode for process in both), [0, 3], errors)

    def test_login_filters_and_pages(self):
        self.assertEqual(self.call("/api/v1/auth/login", body={"username": "test@example.com", "password": "x"})[0], 401)
        self.assertEqual(self.call(PENDING)[0], 401)
        token = self.token()
        answers = {}
        for version in ("v1.2.3", "main"):
            self.deploy(version)
            everything = json.loads(self.call(f"{PENDING}?limit=100", token)[1])
            pages = [json.loads(self.call(f"{PENDING}?skip={skip}&limit=7", token)[1]) for skip in range(0, 100, 7)]
            self.assertEqual([plan for page in pages for plan in page["items"]], everything["items"])
            counts = 0
            for priority in ("high", "medium", "low"):
                found = json.loads(self.call(f"{PENDING}?limit=100&priority={priority}", token)[1])
                self.assertEqual({plan["priority"] for plan in found["items"]}, {priority})
                self.assertEqual(found["total"], everything[f"{priority}_priority"])
                counts += found["total"]
            self.assertEqual(counts, everything["total"])
            professional = everything["items"][0]["created_by_id"]
            found = json.loads(self.call(f"{PENDING}?professional_id={professional}", token)[1])
            self.assertEqual({plan["created_by_id"] for plan in found["items"]}, {professional})
            for wrong in ("limit=0", "limit=101", "skip=-1", "priority=urgent", "professional_id=x"):
                self.assertEqual(self.call(f"{PENDING}?{wrong}", token)[0], 422, wrong)
            answers[version] = everything
        self.assertEqual(answers["v1.2.3"], answers["main"])

    def test_migration_there_and_back(self):
        self.deploy("main")
        script = self.folder / "backend" / "scripts" / "validate_performance_indexes.py"
        validate = lambda *more: subprocess.run([sys.executable, script, *more], capture_output=True, text=True)  # noqa: E731
        self.assertEqual(validate().returncode, 1)
        self.alembic("upgrade", "head")
        self.assertEqual(self.alembic("current"), f"{REVISION} (head)")
        self.assertIn("Total de índices na tabela 'intervention_plans': 8", validate().stdout)
        plans = json.loads(validate("--explain").stdout)
        self.assertTrue(all(entry["chosen"] and entry["usable"] for entry in plans), plans)
        self.alembic("downgrade", "8c1f0a2d4b6e")
        self.assertEqual(self.alembic("current"), "8c1f0a2d4b6e")
        operations = (self.folder / "operations.log").read_text()
        self.assertIn(" alembic upgrade head\n", operations)
        self.assertIn(" alembic downgrade 8c1f0a2d4b6e\n", operations)
        self.assertNotIn("current", operations)

    def test_maintenance_answers_503_and_probes_go_on(self):
        token = self.token()
        self.run_script("maintenance_mode.sh", "enable", "staging")
        status, body = self.call(PENDING, token)
        self.assertEqual((status, "Em manutenção" in json.loads(body)["detail"]), (503, True))
        self.assertIs(json.loads(self.call("/health")[1])["maintenance"], True)
        self.run_script("maintenance_mode.sh", "disable", "staging")
        self.assertEqual(self.call(PENDING, token)[0], 200)

    def test_restarts_give_a_new_process(self):
        for script in (("restart_workers.sh", "graceful", "staging"), ("restart_service.sh", "staging")):
            before = json.loads(self.call("/health")[1])["pid"]
            self.run_script(*script)
            self.assertNotEqual(json.loads(self.call("/health")[1])["pid"], before)

    def test_a_supervisor_killed_hard_leaves_an_application_that_stop_still_ends(self):
        os.kill(int((self.folder / "supervisor.pid").read_text()), 9)
        self.assertEqual(self.call("/health")[0], 200)
        self.run_script("stop.sh", "staging")
        self.assertEqual(self.call("/health")[0], None)
        self.run_script("restart_service.sh", "staging")

    def test_reports(self):
        self.call(PENDING, self.token())
        self.assertIn("deadlocks", json.loads(self.run_script("monitor_db.sh", "staging")))
        self.assertIn("P95 latency: <= ", self.run_script("generate_metrics_report.sh", "--last-24h", "staging"))
        self.assertIn("application started", self.run_script("tail_logs.sh", "staging"))
        self.assertEqual(len(self.run_script("tail_logs.sh", "staging", "2").splitlines()), 2)
        url = f"http://127.0.0.1:{self.port}/health"
        self.assertIn("healthy after", self.run_script("wait_for_health.sh", url, "5"))
        self.run_script("wait_for_health.sh", "http://127.0.0.1:1/health", "1", status=1)

    def test_unknown_faults_are_refused(self):
        self.faults("set", "gremlins", status=2)
        self.faults("set", "errors", "share=1", status=2)
        self.faults("set", "errors", "rate=lots", status=2)

    def test_errors_are_cured_by_the_previous_release(self):
        self.deploy("main")
        token = self.token()
        self.faults("set", "errors", "rate=1", "version=main")
        wait_until(lambda: self.failing(token))
        self.assertIn("injected error", self.run_script("tail_logs.sh", "staging", "3"))
        self.deploy("v1.2.3")
        self.assertEqual(self.call(PENDING, token)[0], 200)

    def test_errors_are_cured_by_the_previous_revision(self):
        self.deploy("main")
        token = self.token()
        self.faults("set", "errors", "rate=1", f"revision={REVISION}")
        time.sleep(1.5)
        self.assertEqual(self.call(PENDING, token)[0], 200)
        self.alembic("upgrade", "head")
        wait_until(lambda: self.failing(token))
        self.alembic("downgrade", "-1")
        wait_until(lambda: not self.failing(token))

    def test_half_the_requests_fail(self):
        token = self.token()
        self.faults("set", "errors", "rate=0.5")
        wait_until(lambda: self.failing(token))
        failed = sum(self.failing(token) for _ in range(200))
        self.assertTrue(60 < failed < 140, failed)

    def test_latency(self):
        token = self.token()
        self.faults("set", "latency", "seconds=1.5")
        time.sleep(0.6)
        started = time.monotonic()
        self.assertEqual(self.call(PENDING, token)[0], 200)
        self.assertGreater(time.monotonic() - started, 1.5)
        self.assertLess(self.metric("db_pool_in_use"), 1)

    def test_deadlocks(self):
        before = self.deadlocks()
        self.faults("set", "deadlocks", "per_second=2")
        wait_until(lambda: self.deadlocks() >= before + 6, 20)
        self.faults("clear", "deadlocks")
        time.sleep(3)
        settled = self.deadlocks()
        time.sleep(3)
        self.assertEqual(self.deadlocks(), settled)

    def test_memory_grows_to_its_cap_and_is_given_back(self):
        before = self.metric("process_resident_memory_bytes")
        limit = self.metric("app_memory_limit_bytes")
        self.assertEqual(limit, 200 * 1024 * 1024)
        self.faults("set", "memory", "mb_per_second=60")
        wait_until(lambda: self.metric("process_resident_memory_bytes") > 0.95 * limit)
        time.sleep(1)
        self.assertLess(self.metric("process_resident_memory_bytes"), limit)
        self.faults("clear")
        wait_until(lambda: self.metric("process_resident_memory_bytes") < before + 20e6)

    def test_crash_loop(self):
        self.deploy("main")
        self.faults("set", "crash", "after_seconds=1", "version=main")
        starts = set()
        wait_until(lambda: starts.add(self.metric("process_start_time_seconds")) or len(starts - {0}) >= 3, 30)
        self.deploy("v1.2.3")
        pid = json.loads(self.call("/health")[1])["pid"]
        time.sleep(3)
        self.assertEqual(json.loads(self.call("/health")[1])["pid"], pid)

    def test_a_release_that_cannot_start_fails_the_deploy(self):
        self.faults("set", "crash", "after_seconds=0", "version=main")
        output = self.run_script("deploy.sh", "staging", "main", status=1)
        self.assertIn("does not come up", output)
        self.deploy("v1.2.3")

    def test_rows_are_lost_once(self):
        before = self.plans()
        self.faults("set", "lost-rows", "rows=50")
        wait_until(lambda: self.plans() == before - 50)
        self.run_script("restart_service.sh", "staging")
        time.sleep(1)
        self.assertEqual(self.plans(), before - 50)
        self.faults("clear")
        self.seed()

    def test_critical_lines(self):
        before = self.critical_lines()
        self.faults("set", "critical-logs", "per_second=5")
        wait_until(lambda: self.critical_lines() > before + 5)
        self.faults("clear")
        time.sleep(0.6)
        settled = self.critical_lines()
        time.sleep(1)
        self.assertEqual(self.critical_lines(), settled)

    def test_every_fault_ends_with_the_release_it_belongs_to(self):
        self.deploy("main")
        token = self.token()
        before, deadlocks, lines = self.plans(), self.deadlocks(), self.critical_lines()
        for name in ("cpu", "critical-logs", "deadlocks", "latency", "lost-rows", "memory"):
            self.faults("set", name, "version=main")
        wait_until(lambda: self.deadlocks() > deadlocks and self.critical_lines() > lines)
        wait_until(lambda: self.plans() < before)
        wait_until(lambda: self.metric("process_resident_memory_bytes") > 150e6)
        self.seed()
        self.deploy("v1.2.3")
        time.sleep(2)
        after, deadlocks, lines = self.plans(), self.deadlocks(), self.critical_lines()
        cpu, started = self.metric("process_cpu_seconds_total"), time.monotonic()
        self.assertEqual(self.call(PENDING, token, timeout=2)[0], 200)
        time.sleep(3)
        self.assertEqual((self.plans(), self.deadlocks(), self.critical_lines()), (after, deadlocks, lines))
        self.assertLess((self.metric("process_cpu_seconds_total") - cpu) / (time.monotonic() - started), 0.3)
        self.assertLess(self.metric("process_resident_memory_bytes"), 120e6)

    def test_a_lasting_fault_ends_with_its_revision(self):
        self.deploy("main")
        self.alembic("upgrade", "head")
        before = self.critical_lines()
        self.faults("set", "critical-logs", "per_second=5", f"revision={REVISION}")
        wait_until(lambda: self.critical_lines() > before)
        self.alembic("downgrade", "8c1f0a2d4b6e")
        time.sleep(1.5)
        settled = self.critical_lines()
        time.sleep(1)
        self.assertEqual(self.critical_lines(), settled)

    def test_requests_in_flight_are_counted(self):
        token = self.token()
        self.faults("set", "latency", "seconds=2")
        time.sleep(0.6)
        slow = threading.Thread(target=self.call, args=(PENDING, token))
        slow.start()
        wait_until(lambda: json.loads(self.call("/health")[1])["in_flight"] == 1, 2)
        slow.join()
        wait_until(lambda: self.metric("http_requests_in_flight") == 0, 1)

    def test_cpu(self):
        self.faults("set", "cpu")
        time.sleep(0.5)
        before, started = self.metric("process_cpu_seconds_total"), time.monotonic()
        time.sleep(4)
        burnt = (self.metric("process_cpu_seconds_total") - before) / (time.monotonic() - started)
        # The same bound that test_every_fault_ends... takes for "no longer busy"; a loaded machine gives less than a core.
        self.assertGreater(burnt, 0.3)
        self.assertEqual(self.call("/health")[0], 200)


if __name__ == "__main__":
    unittest.main()
