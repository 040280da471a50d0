"""The faults a sandbox environment can be told to show, and the settings of each with their defaults."""

FAULTS = {
    # That share of the requests to /api/ answers 500.
    "errors": {"rate": 1.0},
    # Each request to /api/ waits first, holding no database connection.
    "latency": {"seconds": 11.0},
    # Pairs of sessions that really deadlock in PostgreSQL (each takes its deadlock_timeout, 1 s).
    "deadlocks": {"per_second": 1.0},
    # Memory that grows and is never given back; a cap of 0 means 97 % of the memory limit.
    "memory": {"mb_per_second": 10.0, "cap_mb": 0.0},
    # The process exits hard so long after its start, again and again.
    "crash": {"after_seconds": 3.0},
    # Deletes so many intervention plans, with their reviews, once for each content of the fault file.
    "lost-rows": {"rows": 100.0},
    # Lines of level CRITICAL in the log.
    "critical-logs": {"per_second": 1.0},
    # Burns so many cores, leaving the interpreter free to answer.
    "cpu": {"cores": 1.0},
}

CONDITIONS = ("version", "revision")


def check_faults(document: object) -> dict:
    """The document of faults.json with the defaults filled in; ValueError when something in it is unknown."""
    if not isinstance(document, dict):
        raise ValueError("the fault file must hold a JSON object")
    checked = {}
    for name, given in document.items():
        if name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
        if not isinstance(given, dict):
            raise ValueError(f"{name}: its settings must be a JSON object")
        when = given.get("when") or {}
        if not isinstance(when, dict) or not set(when) <= set(CONDITIONS):
            raise ValueError(f"{name}: 'when' takes only {', '.join(CONDITIONS)}")
        settings = {key: value for key, value in given.items() if key not in ("when", "id")}
        for key, value in settings.items():
            if key not in FAULTS[name]:
                raise ValueError(f"{name}: unknown setting {key!r}; known: {', '.join(FAULTS[name])}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise ValueError(f"{name}: {key} must be a number of 0 or more")
        checked[name] = {**FAULTS[name], **settings, "when": when}
    return checked
