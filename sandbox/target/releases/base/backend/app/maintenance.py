"""Maintenance mode: on while the environment's folder holds a file named `maintenance`."""
import os

from .settings import settings

MESSAGE = "Em manutenção. Voltamos em alguns minutos."
RETRY_AFTER_SECONDS = 30

_flag = settings.folder / "maintenance" if settings.folder else None


def in_maintenance() -> bool:
    return _flag is not None and os.path.exists(_flag)
