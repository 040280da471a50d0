"""Build the small git repository the sandbox deploys from: `python3 make_repository.py DEST`.

The commits come out the same everywhere (fixed dates, author and configuration): tag v1.2.3 on main, then the branch
perf/optimize-intervention-plans merged into main. Run again it changes nothing. Prints the commits as JSON.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BASE = HERE / "releases" / "base"
MAIN = HERE / "releases" / "main"
BRANCH = "perf/optimize-intervention-plans"
AUTHOR = {"NAME": "Time de Backend", "EMAIL": "backend@example.com"}
# Who looked at the change, besides those who wrote it: what a review leaves behind in a repository.
REVIEW = (
    "Reviewed-by: Carla Mendes <carla.mendes@example.com>\n"
    "Reviewed-by: Bruno Lima <bruno.lima@example.com>\n"
    "Approved-by: Bruno Lima <bruno.lima@example.com>"
)
README = "# EduAutismo\n\nAPI de planos de intervenção: `backend/` (FastAPI, SQLAlchemy, Alembic).\n"


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *arguments: str, date: str = "2025-01-01T00:00:00Z") -> str:
        """Run git apart from the user's configuration and hooks: they would change the commits."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
        for role in ("AUTHOR", "COMMITTER"):
            environment[f"GIT_{role}_DATE"] = date
            environment.update({f"GIT_{role}_{key}": value for key, value in AUTHOR.items()})
        settings = ["-c", "core.hooksPath=" + os.devnull, "-c", "core.autocrlf=false", "-c", "safe.directory=*"]
        command = ["git", *settings, "-C", str(self.folder), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"git {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    def commit(self, message: str, date: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message, date=date)

    def heads(self) -> dict:
        return {name: self.git("rev-parse", f"{name}^{{commit}}") for name in ("main", "v1.2.3", BRANCH)}


def copy(source: Path, destination: Path, *parts: str) -> None:
    """Copy the named files and folders below `source`; contents only, so that modes are the same everywhere."""
    for part in parts:
        files = [source / part] if (source / part).is_file() else sorted((source / part).rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                target = destination / file.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)


def build(folder: Path) -> Repository:
    repository = Repository(folder)
    folder.mkdir()
    repository.git("init", "--quiet", "--object-format=sha1")
    repository.git("symbolic-ref", "HEAD", "refs/heads/main")
    repository.git("config", "sandbox.target", "true")

    (folder / "README.md").write_text(README, encoding="utf-8")
    (folder / ".gitignore").write_text("__pycache__/\n.env\nVERSION.json\n", encoding="utf-8")
    repository.commit("Start the EduAutismo repository", "2025-08-25T09:00:00-03:00")

    copy(BASE, folder, "backend/alembic.ini", "backend/alembic", "backend/app")
    copy(HERE, folder / "backend", "requirements.txt")
    repository.commit("Add the intervention plans API", "2025-09-01T09:00:00-03:00")

    copy(BASE, folder, "backend/tests")
    repository.commit("Test how a review's priority is decided", "2025-09-15T10:30:00-03:00")
    repository.git("tag", "--annotate", "v1.2.3", "--message", "v1.2.3", date="2025-10-06T14:00:00-03:00")

    repository.git("checkout", "--quiet", "-b", BRANCH)
    copy(MAIN, folder, "backend/alembic")
    repository.commit("Index intervention_plans for pending review", "2025-11-24T11:51:00-03:00")
    copy(MAIN, folder, "backend/app")
    repository.commit("Count, order and cut pending reviews in the database", "2025-11-24T13:20:00-03:00")
    copy(MAIN, folder, "backend/scripts", "backend/tests")
    repository.commit("Add index validation, load test and tests for pending review", "2025-11-24T15:05:00-03:00")
    copy(MAIN, folder, "ops")
    repository.commit("Alert on latency, errors, CPU, memory and the connection pool", "2025-11-24T16:20:00-03:00")

    repository.git("checkout", "--quiet", "main")
    merge = ["merge", "--quiet", "--no-ff", "--message", f"Merge pull request #128 from {BRANCH}\n\n{REVIEW}", BRANCH]
    repository.git(*merge, date="2025-11-24T17:40:00-03:00")
    return repository


def main(arguments: list) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: make_repository.py DEST", file=sys.stderr)
        return 2
    destination = Path(arguments[0]).resolve()
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".make-repository-") as scratch:
        built = build(Path(scratch) / "repository")
        heads = built.heads()
        if not place(built.folder, destination, heads):
            print(f"{destination} is not a repository of the sandbox: left as it is", file=sys.stderr)
            return 1
    print(json.dumps({"repository": str(destination), "branch": BRANCH, "commits": heads}))
    return 0


def place(built: Path, destination: Path, heads: dict) -> bool:
    """Put the new repository at its place, unless the same one is there; never replace anything else."""
    if destination.exists() and any(destination.iterdir()):
        present = Repository(destination)
        try:
            if not (destination / ".git").is_dir() or present.git("config", "sandbox.target") != "true":
                return False
            if present.heads() == heads:
                return True
        except RuntimeError:
            return False
        shutil.rmtree(destination)
    elif destination.exists():
        destination.rmdir()
    os.replace(built, destination)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
