"""tail_logs.sh ENV [LINES]: the last lines of the application's log, 200 unless told."""
from environment import Environment, run_operation, usage


def main(arguments: list) -> None:
    count = arguments[1] if len(arguments) == 2 else "200"
    if len(arguments) not in (1, 2) or not count.isascii() or not count.isdigit() or int(count) < 1:
        raise usage("tail_logs.sh ENV [LINES]")
    for line in Environment(arguments[0]).last_log_lines(int(count)):
        print(line)


if __name__ == "__main__":
    run_operation(main)
