"""stop.sh [ENV]: stop supervisor and application (for clean-up; fine when none runs)."""
import service
from environment import Environment, report, run_operation, usage


def main(arguments: list) -> None:
    if len(arguments) > 1:
        raise usage("stop.sh [ENV]")
    environment = Environment(*arguments or ["production"])
    with environment.locked(wait_seconds=60):
        environment.record("stop", environment.name)
        report("stopped" if service.stop(environment) else "nothing was running")


if __name__ == "__main__":
    run_operation(main)
