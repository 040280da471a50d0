"""deploy.sh ENV VERSION [COMMIT]: export a version from git, switch to it, restart the application."""
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import service
from environment import USAGE_ERROR, Environment, OperationError, report, run_operation, usage

VERSION_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


def git(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    # The repository may belong to another user (the sandbox may run as root).
    command = ["git", "-c", "safe.directory=*", "-C", os.environ["SANDBOX_REPOSITORY"], *arguments]
    return subprocess.run(command, capture_output=True)


def resolve(version: str) -> str:
    """The commit a tag, a branch or a commit's own name stands for."""
    if VERSION_FORM.fullmatch(version):
        for name in (f"refs/tags/{version}", f"refs/heads/{version}", version):
            if name == version and not re.fullmatch(r"[0-9a-f]{7,40}", version):
                continue
            found = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            if found.returncode == 0:
                return found.stdout.decode().strip()
    raise OperationError(f"unknown version {version!r}: no such tag, branch or commit", USAGE_ERROR)


def export(environment: Environment, version: str, commit: str) -> Path:
    """The release's folder, complete or absent: it is built beside and renamed into place."""
    releases = environment.folder / "releases"
    releases.mkdir(exist_ok=True)
    release = releases / f"{version.replace('/', '-')}-{commit[:7]}"
    if release.is_dir():
        report(f"release {release.name} is already exported")
        return release
    archive = git("archive", "--format=tar", commit, "backend")
    if archive.returncode != 0:
        raise OperationError(f"git archive: {archive.stderr.decode().strip()}")
    scratch = Path(tempfile.mkdtemp(prefix=".export-", dir=releases))
    try:
        with tempfile.TemporaryFile() as file:
            file.write(archive.stdout)
            file.seek(0)
            with tarfile.open(fileobj=file) as tar:
                # Older 3.10 and 3.11 have no filters; the archive is git's own either way.
                tar.extractall(scratch, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        description = {"version": version, "commit": commit}
        (scratch / "VERSION.json").write_text(json.dumps(description) + "\n", encoding="utf-8")
        os.chmod(scratch, 0o755)
        os.rename(scratch, release)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    report(f"exported release {release.name}")
    return release


def point(link: Path, destination: str) -> None:
    """Make the symlink point to the destination in one step, whether or not it exists."""
    if link.is_symlink() and os.readlink(link) == destination:
        return
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(destination)
    os.replace(temporary, link)


def main(arguments: list) -> None:
    if len(arguments) not in (2, 3):
        raise usage("deploy.sh ENV VERSION [COMMIT]")
    environment = Environment(arguments[0])
    version = arguments[1]
    # A branch may have moved since somebody decided which commit of it is to be deployed.
    commit = resolve(arguments[-1])
    with environment.locked():
        environment.record("deploy", environment.name, version)
        report(f"deploying {version} ({commit[:7]}) to {environment.name}")
        release = export(environment, version, commit)
        point(environment.folder / "current", f"releases/{release.name}")
        point(environment.folder / "backend", "current/backend")
        report(f"current is now {release.name}")
        if service.stop(environment):
            report("stopped the previous application")
        service.start(environment)
        report(f"deployed {version} ({commit[:7]}) to {environment.name}")


if __name__ == "__main__":
    run_operation(main)
