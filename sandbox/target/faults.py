"""Tell an environment which faults to show.

    faults.py ENV_DIR set NAME [setting=number ...] [version=V] [revision=R]
    faults.py ENV_DIR clear [NAME]
    faults.py ENV_DIR show

`version` and `revision` say when the fault holds. Exit 2 for an unknown fault or setting; then nothing is written.
"""
import importlib.util
import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
CATALOGUE = Path(__file__).resolve().parent / "releases" / "base" / "backend" / "app" / "fault_catalogue.py"


def load_catalogue():
    """The application's own catalogue, so that both accept the same."""
    spec = importlib.util.spec_from_file_location("fault_catalogue", CATALOGUE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fault_from(pairs: list) -> dict:
    fault: dict = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator:
            raise ValueError(f"{pair!r} is not of the form key=value")
        if key in load_catalogue().CONDITIONS:
            fault.setdefault("when", {})[key] = value
        elif key == "id":
            fault[key] = value
        else:
            fault[key] = float(value)
    return fault


def write(path: Path, document: dict) -> None:
    """All or nothing: the application may read at any moment."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def main(arguments: list) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder, action, *rest = arguments
    path = Path(folder) / "faults.json"
    try:
        if not path.parent.is_dir():
            raise ValueError(f"no such environment folder: {folder}")
        document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if action == "set" and rest:
            document[rest[0]] = fault_from(rest[1:])
        elif action == "clear" and len(rest) <= 1:
            if rest and rest[0] not in load_catalogue().FAULTS:
                raise ValueError(f"unknown fault {rest[0]!r}")
            document = {name: fault for name, fault in document.items() if rest and name != rest[0]}
        elif action != "show" or rest:
            raise ValueError("the action must be set NAME, clear [NAME] or show")
        load_catalogue().check_faults(document)
        if action != "show":
            write(path, document)
        print(json.dumps(document))
        return 0
    except ValueError as error:
        print(f"faults: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
