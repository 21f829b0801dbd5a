"""Servers of other projects, installed from PyPI into an environment of their own, on free ports of loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from patience import PATIENCE_S
from ports import free_port

PACKAGES = ("fakellm", "litellm[proxy]")
START_S = 4 * PATIENCE_S  # LiteLLM loads for ten seconds where nothing else runs
LOOK_S = 0.1
_open = build_opener(ProxyHandler({})).open


def install(folder: Path) -> Path:
    """Make an environment with both servers; return the folder of its commands."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    commands = folder / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([commands / "python", "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return commands


@contextmanager
def fakellm(commands: Path, folder: Path, rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Serve rules of fakellm (https://github.com/1dg618/fakellm); yield the address of its API."""
    config = folder / "fakellm.yaml"
    config.write_text(json.dumps({"rules": rules}), "utf-8")  # JSON is YAML
    port = free_port()
    serve = [commands / "fakellm", "serve", "--port", str(port), "--config", config]
    with _running(serve, folder, f"http://127.0.0.1:{port}/_fakellm/stats"):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def litellm(
    commands: Path, folder: Path, models: Mapping[str, str], *, key: str, **settings: Any
) -> Iterator[str]:
    """Serve models by LiteLLM (https://docs.litellm.ai/docs/proxy/configs); yield the address of its API.

    Args:
        models: the address behind each model.
        key: the key that it asks for.
        settings: its `litellm_settings`, such as `max_budget`.
    """
    behind = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": url, "api_key": "none"}}
        for name, url in models.items()
    ]
    config = folder / "litellm.yaml"
    written = {"model_list": behind, "general_settings": {"master_key": key}, "litellm_settings": settings}
    config.write_text(json.dumps(written), "utf-8")
    port = free_port()
    serve = [commands / "litellm", "--config", config, "--host", "127.0.0.1", "--port", str(port)]
    with _running(serve, folder, f"http://127.0.0.1:{port}/health/liveliness"):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def _running(command: Sequence[str | Path], folder: Path, lives_at: str) -> Iterator[None]:
    """Run a server until the block ends; begin the block once an address of it answers."""
    # Else LiteLLM fetches its price list from GitHub when it is loaded.
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        try:
            _wait_until_it_answers(server, lives_at, log)
            yield
        finally:
            server.terminate()
            try:
                server.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_until_it_answers(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < until:
        with suppress(URLError, ConnectionError, TimeoutError), _open(url, timeout=PATIENCE_S):
            return
        time.sleep(LOOK_S)
    raise AssertionError(f"{log.stem} does not answer:\n{log.read_text('utf-8', 'replace')[-2_000:]}")
