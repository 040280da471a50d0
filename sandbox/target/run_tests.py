"""Run the target's own tests as one commit has them: `VENV/bin/python run_tests.py REPOSITORY REVISION OUT.xml`.

Writes what came of it as a JUnit file that names the commit. When OUT.xml is of that commit already, nothing is run.
Exit code 0 also when tests fail: the file says so, and whoever reads it decides.
"""
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def git(repository: Path, *arguments: str) -> bytes:
    command = ["git", "-c", "safe.directory=*", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


class Recorder(unittest.TestResult):
    """Keeps of every test how long it took and, when it did not pass, why. A subtest that fails fails its test."""

    def __init__(self) -> None:
        super().__init__()
        self.cases = {}
        self.began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.perf_counter()
        self.cases[test.id()] = (0.0, None, "")

    def stopTest(self, test):
        super().stopTest(test)
        _, kind, text = self.cases[test.id()]
        self.cases[test.id()] = (time.perf_counter() - self.began, kind, text)

    def record(self, test, kind: str, text: str):
        name = getattr(test, "test_case", test).id()  # a subtest, or a module that could not be loaded
        self.cases[name] = (0.0, kind, text)

    def addFailure(self, test, error):
        self.record(test, "failure", self._exc_info_to_string(error, test))

    def addError(self, test, error):
        self.record(test, "error", self._exc_info_to_string(error, test))

    def addSubTest(self, test, subtest, error):
        if error is not None:
            kind = "failure" if issubclass(error[0], test.failureException) else "error"
            self.record(test, kind, self._exc_info_to_string(error, test))

    def addSkip(self, test, reason):
        self.record(test, "skipped", reason)

    def addUnexpectedSuccess(self, test):
        self.record(test, "failure", "succeeded, which was not expected")


def junit(cases: dict, commit: str) -> ElementTree.ElementTree:
    def count(kind: str) -> str:
        return str(sum(1 for _, found, _ in cases.values() if found == kind))

    suite = ElementTree.Element(
        "testsuite",
        name="eduautismo",
        tests=str(len(cases)),
        failures=count("failure"),
        errors=count("error"),
        skipped=count("skipped"),
        time=f"{sum(seconds for seconds, _, _ in cases.values()):.3f}",
    )
    properties = ElementTree.SubElement(suite, "properties")
    ElementTree.SubElement(properties, "property", name="git.commit", value=commit)
    for name, (seconds, kind, text) in cases.items():
        owner, _, test = name.rpartition(".")
        case = ElementTree.SubElement(suite, "testcase", classname=owner, name=test, time=f"{seconds:.3f}")
        if kind:
            ElementTree.SubElement(case, kind, message=text.strip().splitlines()[-1] if text else "").text = text
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.ElementTree(root)


def is_of(report: Path, commit: str) -> bool:
    try:
        found = ElementTree.parse(report).findall(".//property[@name='git.commit']")
    except (OSError, ElementTree.ParseError):
        return False
    return [each.get("value") for each in found] == [commit]


def run(backend: Path) -> Recorder:
    sys.path.insert(0, str(backend))
    recorder = Recorder()
    unittest.defaultTestLoader.discover(str(backend / "tests")).run(recorder)
    return recorder


def main(arguments: list) -> int:
    if len(arguments) != 3 or any(argument.startswith("-") for argument in arguments):
        print("usage: run_tests.py REPOSITORY REVISION OUT.xml", file=sys.stderr)
        return 2
    repository, report = Path(arguments[0]).resolve(), Path(arguments[2]).resolve()
    commit = git(repository, "rev-parse", "--verify", f"{arguments[1]}^{{commit}}").decode().strip()
    if is_of(report, commit):
        return 0
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory(prefix="eduautismo-tests-") as scratch:
        with tarfile.open(fileobj=io.BytesIO(git(repository, "archive", commit, "backend"))) as archive:
            archive.extractall(scratch)
        recorder = run(Path(scratch) / "backend")
    report.parent.mkdir(parents=True, exist_ok=True)
    written = report.with_name(f"{report.name}.{os.getpid()}.part")
    junit(recorder.cases, commit).write(written, encoding="utf-8", xml_declaration=True)
    os.replace(written, report)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
