"""A real JupyterHub with the configuration of docs/teachers.md: each student asks with a key of their own.

It needs the extra `hub` and the proxy of npm's configurable-http-proxy. HUB=1 makes a missing one a failure.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from ports import free_port

from gemini_magics.testing import Demo, stream

ROOT = Path(__file__).parents[1]
KEYS = {"ada": "key-of-ada-0123456789", "ben": "key-of-ben-0123456789"}
TOKEN = uuid4().hex
HUB = f"""
import sys

c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.JupyterHub.services = [{{"name": "test", "api_token": "{TOKEN}"}}]
c.JupyterHub.load_roles = [
    {{"name": "test", "services": ["test"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}
]
"""

PROXY = shutil.which(
    "configurable-http-proxy", path=f"{ROOT}/node_modules/.bin{os.pathsep}{os.environ['PATH']}"
)

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif(
        not (PROXY and find_spec("jupyterhub")) and "HUB" not in os.environ,
        reason='JupyterHub is not installed: pip install "gemini_magics[hub]" and npm install --no-save configurable-http-proxy',
    ),
]


def configuration(base_url, folder):
    """The end of the page's chapter, with a scripted service in the place of the gateway."""
    (folder / "keys.json").write_text(json.dumps(KEYS))
    page = (ROOT / "docs" / "teachers.md").read_text("utf-8")
    (block,) = (each for each in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "own_key" in each)
    for written, here in {
        "https://llm.example.org/v1": base_url.replace("{model}", "any"),
        "/srv/jupyterhub/keys.json": str(folder / "keys.json"),
    }.items():
        assert written in block
        block = block.replace(written, here)
    hub, proxy, proxy_api = free_port(), free_port(), free_port()
    return (
        f"http://127.0.0.1:{proxy}",
        HUB
        + block
        + f"""
c.JupyterHub.bind_url = "http://127.0.0.1:{proxy}"
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_api}"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/{{username}}"
""",
    )


@pytest.fixture
def demo():
    with Demo([stream("Yes.")]) as demo:
        yield demo


@pytest.fixture
def hub(demo, tmp_path):
    """The address of a hub that runs."""
    assert PROXY, "npm install --no-save configurable-http-proxy"
    address, text = configuration(demo.base_url, tmp_path)
    config = tmp_path / "jupyterhub_config.py"
    config.write_text(text, "utf-8")
    environment = {name: value for name, value in os.environ.items() if "GEMINI" not in name} | {
        "PATH": os.pathsep.join(
            [str(Path(PROXY).parent), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
        "PYTHONPATH": str(ROOT),
    }
    words = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if "JupyterHub is now running" in line:
                    break
            else:
                pytest.fail("".join(lines))
            yield address
        finally:
            process.terminate()
            process.communicate()


def ask_as(student, hub):
    """Start a student's server and ask in a kernel of it; return what the cell printed."""
    headers = {"Authorization": f"token {TOKEN}"}
    with httpx.Client(base_url=hub, headers=headers, timeout=120) as client:
        client.post(f"/hub/api/users/{student}").raise_for_status()
        client.post(f"/hub/api/users/{student}/server").raise_for_status()
        with client.stream(
            "GET", f"/hub/api/users/{student}/server/progress"
        ) as progress:  # ends when it is ready
            assert '"ready": true' in "".join(progress.iter_text())
        kernel = (
            client.post(f"/user/{student}/api/kernels", json={"name": "python3"})
            .raise_for_status()
            .json()["id"]
        )
        url = f"{hub.replace('http', 'ws', 1)}/user/{student}/api/kernels/{kernel}/channels"
        said = asyncio.run(run(url, headers, "%load_ext gemini_magics\n%gemini Name a prime."))
        client.delete(f"/hub/api/users/{student}/server").raise_for_status()
    return said


async def run(url, headers, code):
    from tornado.httpclient import HTTPRequest
    from tornado.websocket import websocket_connect

    name = uuid4().hex
    header = {"msg_id": name, "session": name, "username": "", "version": "5.3", "msg_type": "execute_request"}
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
    }
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    connection = await websocket_connect(HTTPRequest(url, headers=headers))
    await connection.write_message(json.dumps(message))
    shown = ""
    while True:
        reply = json.loads(await connection.read_message())
        if reply["parent_header"].get("msg_id") != name:
            continue
        shown += json.dumps(reply["content"])
        if reply["content"].get("execution_state") == "idle":
            connection.close()
            return shown


@pytest.mark.slow
def test_each_student_of_a_hub_asks_with_the_key_that_the_hub_gave_them(hub, demo):
    for student, key in KEYS.items():
        said = ask_as(student, hub)
        assert "Yes." in said, said
        assert key not in said
        assert demo.requests[-1].headers["authorization"] == f"Bearer {key}"
        assert demo.requests[-1].json["model"] == "gemini-3.1-pro"
