"""The command line, and what it prints for a bug report."""

import os
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

import gemini_magics
from gemini_magics import BadRequest
from gemini_magics.__main__ import main
from gemini_magics.chat.usage import ledger
from gemini_magics.notebook.info import report

ROOT = Path(__file__).parents[2]
SECRETS = {
    "KIE_API_KEY": "sk-0123456789abcdefghij",
    "GEMINI_API_KEY": "sk-with a blank in it",
    "GEMINI_MAGICS_API_KEY": "gateway-key-0123456789",
    "GEMINI_MAGICS_HEADERS": '{"x-portkey-config": "pc-secret-of-ours"}',
    "GEMINI_MAGICS_RECORDING": "/home/ada/answers.jsonl",
    "HTTPS_PROXY": "http://ada:engine-1843@proxy.example.org:8080",
}


def test_alone_it_shows_what_there_is(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in ("demo", "info", "recording", "--version"))


def test_it_tells_its_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"gemini_magics {gemini_magics.__version__}\n"


def test_the_console_script_is_the_same_command():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    module, _, function = scripts["gemini-magics"].partition(":")
    assert (module, function) == ("gemini_magics.__main__", "main")


def test_info_runs_where_there_is_no_notebook(tmp_path):
    command = [sys.executable, "-m", "gemini_magics", "info"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment())
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        f"gemini_magics {gemini_magics.__version__}, Python {sys.version_info.major}.",
        "frontend: none",
        "service: kie, chosen by nobody",
        "no key in this session (%gemini_key), the environment (KIE_API_KEY)",
        "certificates: ",
        "demo: answers",
    ):
        assert line in done.stdout
    assert list(tmp_path.iterdir()) == []


def environment(**more):
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


@pytest.fixture
def lesson(tmp_path):
    """A folder with a notebook whose name has no letter of ASCII, and one of bytes that are not UTF-8."""
    notebook = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    (tmp_path / "föhn.ipynb").write_text(notebook, "utf-8")
    with suppress(OSError):  # such names do not exist on every system
        Path(os.fsdecode(bytes(tmp_path) + b"/\xff.csv")).write_text("1")
    return tmp_path


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", b"f\\xf6hn.ipynb"), ("utf-8", "föhn.ipynb".encode())]
)
def test_a_name_that_the_terminal_cannot_write_is_written_with_escapes(lesson, encoding, shown):
    command = [sys.executable, "-m", "gemini_magics", "class", ".", "--list"]
    done = subprocess.run(
        command, cwd=lesson, capture_output=True, check=False, env=environment(PYTHONIOENCODING=encoding)
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert shown in done.stdout


def test_a_reader_who_has_seen_enough_gets_no_traceback(lesson):
    command = [sys.executable, "-m", "gemini_magics", "class", ".", "--list"]
    with subprocess.Popen(
        command, cwd=lesson, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_report_says_where_keys_and_proxies_come_from_and_shows_no_secret(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SSL_CERT_FILE", str(Path.home() / "certificates" / "ours.pem"))
    monkeypatch.setenv("GEMINI_MAGICS_BASE_URL", "https://gateway.example.org/account-4711/v1")
    monkeypatch.setenv("GEMINI_MAGICS_SERVICE", "openai")
    shown = report()
    for line in (
        "kie: there is a key in the environment (KIE_API_KEY)",
        "google: The key holds white space",
        "openai: there is a key in the environment (GEMINI_MAGICS_API_KEY)",
        "service: openai, chosen by GEMINI_MAGICS_SERVICE",
        "at the address https://gateway.example.org\n",
        "proxy http://proxy.example.org:8080 with a login, by HTTPS_PROXY",
        "~/certificates/ours.pem, by SSL_CERT_FILE",
        "GEMINI_MAGICS_HEADERS is set",
    ):
        assert line in shown
    secrets = ("0123456", "blank", "secret-of-ours", "engine", "ada", "4711", str(Path.home()))
    assert [secret for secret in secrets if secret in shown] == []


def test_in_a_notebook_it_tells_the_frontend_and_leaves_the_session_as_it_is(shell, capsys):
    asked = len(ledger)
    shell.run('%config GeminiMagics.service = "auto"\n%gemini_info')
    shown = capsys.readouterr().out
    assert "frontend: terminal; names its cells: no" in shown
    assert "service: auto, chosen by this session\n  auto asks demo" in shown
    assert len(ledger) == asked
    with pytest.raises(BadRequest, match="alone"):
        shell.run("%gemini_info please")


@pytest.mark.parametrize(
    "broken",
    [
        {"HTTPS_PROXY": "nonsense with blanks"},
        {"GEMINI_MAGICS_BASE_URL": "ftp://x"},
        {"GEMINI_MAGICS_SERVICE": "auto", "KIE_API_KEY": "k-0123456789", "OPENROUTER_API_KEY": "k-0123456789"},
        {"GEMINI_MAGICS_SERVICE": "nope"},
        {"GEMINI_MAGICS_HEADERS": "nonsense"},
        {"GEMINI_MAGICS_DEMO_WORDS_PER_S": "fast"},
        {"SSL_CERT_FILE": "/nowhere.pem"},
    ],
)
def test_a_report_can_be_made_whatever_is_set_wrongly(monkeypatch, broken):
    for name, value in broken.items():
        monkeypatch.setenv(name, value)
    assert "demo: " in report()
