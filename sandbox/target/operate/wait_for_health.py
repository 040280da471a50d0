"""wait_for_health.sh URL SECONDS: wait until the URL answers 200; exit 1 when it does not in time."""
import time

from environment import OperationError, get_health, report, run_operation, usage


def main(arguments: list) -> None:
    try:
        url, seconds = arguments[0], float(arguments[1])
        if len(arguments) != 2 or not url.startswith(("http://", "https://")) or not seconds >= 0:
            raise ValueError
    except (IndexError, ValueError):
        raise usage("wait_for_health.sh URL SECONDS") from None
    started = time.monotonic()
    while True:
        left = started + seconds - time.monotonic()
        status, body = get_health(url, timeout=max(0.5, min(5, left)))
        if status == 200:
            report(f"healthy after {time.monotonic() - started:.1f} s (version {body.get('version', 'unknown')})")
            return
        if time.monotonic() - started >= seconds:
            answer = f"answers {status}" if status else "does not answer"
            raise OperationError(f"not healthy after {seconds:g} s: {url} {answer}")
        time.sleep(min(0.5, max(0.0, left)))


if __name__ == "__main__":
    run_operation(main)
