"""maintenance_mode.sh enable|disable [ENV]: a flag file that the application looks for at each request."""
from environment import Environment, report, run_operation, usage


def main(arguments: list) -> None:
    if not arguments or len(arguments) > 2 or arguments[0] not in ("enable", "disable"):
        raise usage("maintenance_mode.sh enable|disable [ENV]")
    action = arguments[0]
    environment = Environment(*arguments[1:] or ["production"])
    environment.record("maintenance_mode", action, environment.name)
    flag = environment.folder / "maintenance"
    if action == "enable":
        flag.touch()
    else:
        flag.unlink(missing_ok=True)
    report(f"maintenance mode of {environment.name}: {'on' if action == 'enable' else 'off'}")


if __name__ == "__main__":
    run_operation(main)
