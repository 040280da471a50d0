"""restart_service.sh [ENV]: stop supervisor and application, start both again."""
import service
from environment import Environment, report, run_operation, usage


def main(arguments: list) -> None:
    if len(arguments) > 1:
        raise usage("restart_service.sh [ENV]")
    environment = Environment(*arguments or ["production"])
    with environment.locked():
        environment.record("restart_service", environment.name)
        if service.stop(environment):
            report("stopped the application")
        service.start(environment)


if __name__ == "__main__":
    run_operation(main)
