"""Load test of the pending-review endpoint: N requests by C concurrent workers, one connection each.

    python scripts/load_test_pending_review.py --url URL --requests N --concurrent C --username U --password P

Every request counts: one that fails or times out is in the success rate and, at its full time, in the percentiles.
Exit 0 when success > 95 %, P95 < 2000 ms and P99 < 5000 ms; 1 when not; 2 when the login fails.
"""
import argparse
import http.client
import itertools
import json
import math
import sys
import threading
import time
from urllib.parse import urlsplit

PATH = "/api/v1/intervention-plans/pending-review"
VARIANTS = ("", "?priority=high", "?priority=medium", "?priority=low", "?skip=10&limit=20")


def connect(url: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname, parts.port, timeout=timeout)


def log_in(options: argparse.Namespace) -> str:
    connection = connect(options.url, options.timeout)
    body = json.dumps({"username": options.username, "password": options.password})
    connection.request("POST", "/api/v1/auth/login", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        raise RuntimeError(f"login respondeu {response.status}")
    return json.loads(answer)["access_token"]


def work(options: argparse.Namespace, token: str, numbers: "itertools.count", results: list) -> None:
    connection = connect(options.url, options.timeout)
    headers = {"Authorization": f"Bearer {token}"}
    # next() on itertools.count is atomic: the workers share one counter without a lock.
    while (number := next(numbers)) < options.requests:
        started = time.perf_counter()
        try:
            connection.request("GET", PATH + VARIANTS[number % len(VARIANTS)], headers=headers)
            response = connection.getresponse()
            response.read()
            outcome = str(response.status)
        except TimeoutError:
            outcome = "timeout"
            connection.close()
        except (OSError, http.client.HTTPException) as error:
            outcome = type(error).__name__
            connection.close()
        results.append((time.perf_counter() - started, outcome))


def percentile(sorted_values: list, share: float) -> float:
    """Nearest rank."""
    return sorted_values[max(0, math.ceil(share * len(sorted_values)) - 1)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--concurrent", type=int, default=10)
    parser.add_argument("--username", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--timeout", type=float, default=30)
    options = parser.parse_args()
    if options.requests < 1 or options.concurrent < 1:
        parser.error("--requests e --concurrent devem ser pelo menos 1")
    try:
        token = log_in(options)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        print(f"✗ FALHA no login: {error}", file=sys.stderr)
        return 2

    results: list = []
    numbers = itertools.count()
    started = time.perf_counter()
    workers = [
        threading.Thread(target=work, args=(options, token, numbers, results)) for _ in range(options.concurrent)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    elapsed = time.perf_counter() - started

    times = sorted(seconds * 1000 for seconds, _ in results)
    successes = sum(outcome == "200" for _, outcome in results)
    p50, p95, p99 = (percentile(times, share) for share in (0.5, 0.95, 0.99))
    failures = {name: 0 for _, name in results if name != "200"}
    for _, outcome in results:
        if outcome in failures:
            failures[outcome] += 1
    print(f"Requisições: {len(results)} ({options.concurrent} concorrentes) em {elapsed:.1f} s")
    print(f"Vazão: {len(results) / elapsed:.1f} req/s")
    print(f"Taxa de sucesso: {100 * successes / len(results):.2f}%")
    print(f"Latência: P50 {p50:.0f} ms, P95 {p95:.0f} ms, P99 {p99:.0f} ms, máxima {times[-1]:.0f} ms")
    if failures:
        print("Falhas: " + ", ".join(f"{name}: {count}" for name, count in sorted(failures.items())))
    passed = successes / len(results) > 0.95 and p95 < 2000 and p99 < 5000
    print("✓ SUCESSO" if passed else "✗ FALHA: critérios de sucesso não atingidos")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
