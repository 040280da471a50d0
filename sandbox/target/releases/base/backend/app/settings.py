"""What the environment's `.env` file and the release's `VERSION.json` say."""
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional


@dataclass(frozen=True)
class Settings:
    folder: Optional[Path]  # the environment's folder; None outside a deployment
    environment: str
    version: str
    commit: str
    database_url: str
    token_secret: str
    username: str
    password: str
    memory_limit_bytes: int

    @property
    def sqlalchemy_url(self) -> str:
        return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)


def find_environment_folder() -> Optional[Path]:
    """SANDBOX_ENVIRONMENT_DIR, else the nearest folder with a `.env` above the working directory or this file.

    Both are searched resolved, so that it works through the `backend` and `current` symlinks.
    """
    named = os.environ.get("SANDBOX_ENVIRONMENT_DIR")
    if named:
        return Path(named)
    starts = [Path(os.environ.get("PWD", ".")), Path.cwd(), Path(__file__).resolve().parent]
    for start in starts:
        for folder in (start, *start.parents):
            if (folder / ".env").is_file():
                return folder
    return None


def read_env_file(path: Path) -> dict[str, str]:
    """KEY=VALUE lines; blank lines and lines starting with # are skipped."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("'\"") for key, value in pairs}


def read_version() -> dict[str, str]:
    path = Path(__file__).resolve().parents[2] / "VERSION.json"
    if not path.is_file():
        return {"version": "development", "commit": "unknown"}
    return json.loads(path.read_text(encoding="utf-8"))


def read_settings() -> Settings:
    folder = find_environment_folder()
    values = {**(read_env_file(folder / ".env") if folder else {})}
    # Outside a deployment (a developer's checkout) the process environment is all there is.
    value = lambda key, default: values.get(key, os.environ.get(key, default))  # noqa: E731
    version = read_version()
    return Settings(
        folder=folder,
        environment=value("ENVIRONMENT", "development"),
        version=version["version"],
        commit=version["commit"],
        database_url=value("DATABASE_URL", "postgresql://127.0.0.1/eduautismo"),
        token_secret=value("TOKEN_SECRET", "only-for-development-never-deployed"),
        username=value("TEST_USERNAME", "test@example.com"),
        password=value("TEST_PASSWORD", ""),
        memory_limit_bytes=int(value("MEMORY_LIMIT_MB", "512")) * 1024 * 1024,
    )


settings = read_settings()
