"""restart_workers.sh graceful [ENV]: a new application process under the same supervisor."""
import os
import signal
import time

import service
from environment import Environment, OperationError, report, run_operation, usage


def main(arguments: list) -> None:
    if not arguments or len(arguments) > 2 or arguments[0] != "graceful":
        raise usage("restart_workers.sh graceful [ENV]")
    environment = Environment(*arguments[1:] or ["production"])
    with environment.locked():
        supervisor = service.supervisor_pid(environment)
        if supervisor is None:
            raise OperationError(f"{environment.name} is not running; use restart_service.sh")
        environment.record("restart_workers", "graceful", environment.name)
        before = service.app_pid(environment)
        os.kill(supervisor, signal.SIGHUP)
        deadline = time.monotonic() + service.STOP_SECONDS
        while before and service.app_pid(environment) == before:
            if time.monotonic() > deadline:
                raise OperationError(f"process {before} does not end")
            time.sleep(0.05)
        report("requests in flight finished, the old process ended")
        service.wait_until_it_answers(environment)


if __name__ == "__main__":
    run_operation(main)
