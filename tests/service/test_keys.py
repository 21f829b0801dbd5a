"""Keys: where they are found, whom they may go to, and that no piece of one is ever shown."""

import copy
import pickle
import sys
import traceback
from importlib import import_module
from types import ModuleType, SimpleNamespace

import cloudpickle
import dill
import keyring
import pytest
from kernel import Kernel
from keyrings.alt.file import PlaintextKeyring
from patience import PATIENCE_S
from ring import Ring

from gemini_magics.core.errors import BadRequest, MissingKey
from gemini_magics.core.settings import Settings
from gemini_magics.service import keyrings, keys
from gemini_magics.service.keys import find_key, forget, remember, save
from gemini_magics.service.redact import REMOVED, Redactor, redact
from gemini_magics.service.secret import Key
from gemini_magics.service.services import find

SECRET = "sk-Zq3v9XtB7nLw2Rk8"
PIECES = {SECRET[start : start + 8] for start in range(len(SECRET) - 7)}


def shows(text: str) -> bool:
    return any(piece in text for piece in PIECES)


def told_by(error: BaseException) -> str:
    """The message, and all local variables of the frames that are not this test's own."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in told.stack if frame.filename != __file__]
    assert frames
    return f"{error} {[frame.locals for frame in frames]}"


def kie():
    return find(Settings(service="kie"))


def custom(address):
    return find(Settings(service="openai", base_url=address, model="m"))


@pytest.fixture(autouse=True)
def no_other_keys(monkeypatch):
    monkeypatch.setattr(keys, "_memory", {})
    monkeypatch.setattr(keyrings, "find_spec", lambda name: None)
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE", raising=False)


def ring_with(monkeypatch, **kinds):
    ring = Ring(**kinds)
    monkeypatch.setattr(keyrings, "find_spec", lambda name: name == "keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", ring)
    return ring


def colab_with(monkeypatch, secrets):
    def get(name):
        if name not in secrets:
            raise LookupError(f"Secret {name} does not exist.")
        return secrets[name]

    colab = ModuleType("google.colab")
    colab.userdata = SimpleNamespace(get=get)
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)


def kaggle_with(monkeypatch, secrets):
    kaggle = ModuleType("kaggle_secrets")
    kaggle.UserSecretsClient = lambda: SimpleNamespace(get_secret=secrets.__getitem__)
    monkeypatch.setitem(sys.modules, "kaggle_secrets", kaggle)
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")


def test_a_key_shows_itself_in_no_way():
    key = Key(SECRET)
    for shown in (repr(key), str(key), f"{key}", f"{[key]}", f"{key!a}", str(dir(key))):
        assert not shows(shown)
    assert not shows(str([getattr(key, name) for name in key.__slots__]))
    with pytest.raises(TypeError):
        vars(key)
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(key)
    assert not shows(repr(copy.copy(key)))


def test_white_space_around_a_key_is_dropped():
    assert Key(f"  {SECRET}\r\n").reveal() == SECRET


@pytest.mark.parametrize("typed", [f'"{SECRET}"', f"'{SECRET}'", f" '{SECRET}'\n", f"`{SECRET}`"])
def test_the_quotes_that_env_keeps_are_no_part_of_a_key(monkeypatch, typed):
    monkeypatch.setenv("KIE_API_KEY", typed)
    assert find_key(kie()).reveal() == SECRET


@pytest.mark.parametrize(
    "typed, says",
    {
        f'"{SECRET}': "quotation mark",
        f"{SECRET}'": "quotation mark",
        f"'{SECRET}\"": "quotation mark",
        '""': "is empty",
        "": "is empty",
        " \n": "is empty",
        f"{SECRET} {SECRET}": "white space",
        f"Bearer {SECRET}": "white space",
        f"{SECRET}\n{SECRET}": "white space",
        f"“{SECRET}”": r"U\+201C",
        f"{SECRET}\u200b": r"U\+200B",
        f"{SECRET}\x00": r"U\+0000",
        f"{SECRET}é": r"U\+00E9",
    }.items(),
)
@pytest.mark.parametrize("give", [Key, lambda typed: remember(kie(), typed), lambda typed: save(kie(), typed)])
def test_what_cannot_be_a_key_is_refused_without_being_shown(give, typed, says):
    with pytest.raises(BadRequest, match=says) as raised:
        give(typed)
    assert not shows(told_by(raised.value))
    assert raised.value.__context__ is None


def test_the_key_comes_from_the_services_own_variable(monkeypatch):
    monkeypatch.setenv("KIE_API_KEY", SECRET + "\n")
    monkeypatch.setenv("GEMINI_API_KEY", "another-key-altogether")
    assert find_key(kie()).reveal() == SECRET


def test_memory_goes_before_the_environment_and_the_environment_before_the_stores(monkeypatch):
    ring = ring_with(monkeypatch)
    ring.passwords["gemini_magics", "https://api.kie.ai"] = "of-the-keyring"
    assert find_key(kie()).reveal() == "of-the-keyring"
    kaggle_with(monkeypatch, {"KIE_API_KEY": "of-kaggle"})
    assert find_key(kie()).reveal() == "of-kaggle"
    colab_with(monkeypatch, {"KIE_API_KEY": "of-colab"})
    assert find_key(kie()).reveal() == "of-colab"
    monkeypatch.setenv("KIE_API_KEY", "of-the-environment")
    assert find_key(kie()).reveal() == "of-the-environment"
    remember(kie(), "of-this-session")
    assert find_key(kie()).reveal() == "of-this-session"
    forget(kie())
    assert find_key(kie()).reveal() == "of-the-environment"
    assert not ring.passwords


def test_without_a_key_the_message_lists_where_it_looked_and_the_ways_out(monkeypatch):
    ring_with(monkeypatch, refuses=True)
    colab_with(monkeypatch, {})
    kaggle_with(monkeypatch, {})
    monkeypatch.setenv("KIE_API_KEY", "  ")
    with pytest.raises(MissingKey) as raised:
        find_key(kie())
    for part in (
        "kie", "this session", "the environment (KIE_API_KEY)", "Colab's secrets (KIE_API_KEY",
        "Kaggle's secrets", "the keyring", "Set KIE_API_KEY", "%gemini_key",
        '%config GeminiMagics.service = "demo"',
    ):  # fmt: skip
        assert part in str(raised.value)
    assert "\n" not in str(raised.value)


def test_only_places_that_exist_are_listed():
    with pytest.raises(MissingKey) as raised:
        find_key(kie())
    assert "Colab" not in str(raised.value) and "keyring" not in str(raised.value)


def test_a_broken_key_in_the_environment_says_so_instead_of_looking_on(monkeypatch):
    monkeypatch.setenv("KIE_API_KEY", f"{SECRET} # my key")
    with pytest.raises(BadRequest, match="white space") as raised:
        find_key(kie())
    assert not shows(told_by(raised.value))


def test_a_broken_key_in_a_store_says_so_too(monkeypatch):
    colab_with(monkeypatch, {"KIE_API_KEY": f'"{SECRET} x"'})
    with pytest.raises(BadRequest, match="white space") as raised:
        find_key(kie())
    assert not isinstance(raised.value, MissingKey) and not shows(told_by(raised.value))


def test_a_custom_address_takes_its_own_variable_and_no_services_key(monkeypatch):
    monkeypatch.setenv("KIE_API_KEY", SECRET)
    remember(kie(), SECRET)
    elsewhere = find(Settings(service="kie", base_url="https://example.org/v1"))
    with pytest.raises(MissingKey, match="GEMINI_MAGICS_API_KEY"):
        find_key(elsewhere)
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "for-elsewhere")
    assert find_key(elsewhere).reveal() == "for-elsewhere"


def test_the_custom_variable_is_not_taken_for_a_services_own_address(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", SECRET)
    with pytest.raises(MissingKey):
        find_key(kie())


@pytest.mark.parametrize("other", ["https://b.example", "http://localhost:1", "https://a.example:8443"])
def test_a_remembered_key_goes_to_the_origin_it_was_given_for_only(other):
    remember(custom("https://a.example/v1"), SECRET)
    assert find_key(custom("https://a.example/other/path")).reveal() == SECRET
    try:
        found = find_key(custom(other))
    except MissingKey:
        found = None
    assert found is None


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8000/v1", "http://localhost:11434/v1", "http://[::1]:80/v1"]
)
def test_an_address_on_this_machine_needs_no_key_but_takes_one(monkeypatch, address):
    assert find_key(custom(address)) is None
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "local")
    assert find_key(custom(address)).reveal() == "local"


def test_the_demo_needs_no_key(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", SECRET)
    assert find_key(find(Settings(service="demo"))) is None


def test_the_demo_takes_no_key():
    with pytest.raises(BadRequest, match="needs no key"):
        remember(find(Settings(service="demo")), SECRET)


def test_a_saved_key_is_in_memory_and_in_the_keyring_under_its_origin(monkeypatch):
    ring = ring_with(monkeypatch)
    save(kie(), SECRET)
    assert ring.passwords == {("gemini_magics", "https://api.kie.ai"): SECRET}
    assert find_key(kie()).reveal() == SECRET
    keys._memory.clear()
    assert find_key(kie()).reveal() == SECRET


SAVED = ("gemini_magics", "https://api.kie.ai")


def test_the_magic_saves_a_key_only_when_it_is_told_to(monkeypatch, shell):
    ring = ring_with(monkeypatch)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"{SECRET}\n")
    shell.run("%gemini_key")
    assert (find_key(kie()).reveal(), ring.passwords) == (SECRET, {})
    keys._memory.clear()
    shell.run("%gemini_key kie --save")
    assert (find_key(kie()).reveal(), ring.passwords) == (SECRET, {SAVED: SECRET})
    shell.run("%gemini_key --forget")
    assert (keys._memory, ring.passwords) == ({}, {})


def test_the_end_of_the_input_in_the_field_for_a_key_is_one_line(monkeypatch, shell):
    def ended(prompt):
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ended)
    with pytest.raises(
        BadRequest, match="Nothing was typed: try again, or set the environment variable KIE_API_KEY"
    ):
        shell.run("%gemini_key")


def test_the_magic_says_so_when_a_key_cannot_be_saved(monkeypatch, shell):
    monkeypatch.setattr("getpass.getpass", lambda prompt: SECRET)
    with pytest.raises(BadRequest, match=r"for this session only.*gemini_magics\[keyring\]") as raised:
        shell.run("%gemini_key --save")
    assert not shows(str(raised.value))
    assert find_key(kie()).reveal() == SECRET


FOUND = """
from gemini_magics.core.settings import resolve
from gemini_magics.service.keys import find_key
from gemini_magics.service.services import find
print(find_key(find(resolve({}))))
"""


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["--ext=gemini_magics"]], ids=["by %load_ext", "with the kernel"])
def test_a_kernel_asks_its_frontend_for_a_key_or_says_that_nobody_can_type(arguments):
    with Kernel(arguments=arguments) as kernel:
        shown = kernel.send("%gemini_key")
        request = kernel.client.get_stdin_msg(timeout=PATIENCE_S)
        assert request["content"] == {"prompt": "Key for kie: ", "password": True}
        kernel.client.input(SECRET)
        assert kernel.finish(shown).outputs == []
        assert kernel.run(FOUND).stream == "Key(•••)\n"
        told = kernel.run("%gemini_key", allow_stdin=False, fails=True).error["traceback"]
    assert told == [
        "BadRequest: This session has no input field: set the environment variable KIE_API_KEY instead."
    ]


class Raising(Ring):
    """A backend that fails as D-Bus, files and Rust libraries do."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def set_password(self, service, username, password):
        raise self.error(password)

    def get_password(self, service, username):
        raise self.error(SECRET)

    delete_password = get_password


class Panic(BaseException):
    """As pyo3's PanicException."""


@pytest.mark.parametrize("error", [RuntimeError, ConnectionRefusedError, NotADirectoryError, Panic, SystemExit])
def test_whatever_a_keyring_raises_the_key_is_kept_for_the_session_and_shown_nowhere(monkeypatch, error):
    monkeypatch.setattr(keyrings, "find_spec", lambda name: name == "keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", Raising(error))
    with pytest.raises(BadRequest, match=f"test_keys.Raising did not take it .{error.__name__}") as raised:
        save(kie(), SECRET)
    assert raised.value.__context__ is None
    assert not shows(told_by(raised.value))
    assert find_key(kie()).reveal() == SECRET
    with pytest.raises(BadRequest, match="may still hold it") as raised:
        forget(kie())
    assert not shows(str(raised.value))
    with pytest.raises(MissingKey, match="the keyring") as raised:
        find_key(kie())
    assert not shows(told_by(raised.value))


@pytest.mark.parametrize("error", [RuntimeError, Panic, SystemExit])
def test_whatever_a_keyring_raises_before_it_is_there_the_key_is_kept_for_the_session(monkeypatch, error):
    ring_with(monkeypatch)

    def no_keyring():
        raise error("broken")

    monkeypatch.setattr(keyring, "get_keyring", no_keyring)
    with pytest.raises(BadRequest, match=f"for this session only.*takes none .{error.__name__}"):
        save(kie(), SECRET)
    assert find_key(kie()).reveal() == SECRET


def test_ctrl_c_while_the_keyring_waits_shows_no_key(monkeypatch):
    monkeypatch.setattr(keyrings, "find_spec", lambda name: name == "keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", Raising(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt) as raised:
        save(kie(), SECRET)
    assert raised.value.__context__ is None
    assert not shows(told_by(raised.value))


@pytest.mark.parametrize("name", ["null", "fail"])
def test_a_keyring_that_keeps_nothing_is_refused(monkeypatch, name):
    backend = import_module(f"keyring.backends.{name}").Keyring()
    monkeypatch.setattr(keyrings, "find_spec", lambda name: name == "keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    with pytest.raises(BadRequest, match=f"keyring.backends.{name}.Keyring keeps nothing"):
        save(kie(), SECRET)


def plain_file(monkeypatch, home):
    """The real backend of keyrings.alt, which writes into the home folder."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "share"))
    monkeypatch.setattr(keyrings, "find_spec", lambda name: name == "keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", PlaintextKeyring())
    monkeypatch.setattr("getpass.getpass", lambda prompt: SECRET)


def test_a_real_keyring_takes_the_key_and_is_named_before_and_after(monkeypatch, shell, tmp_path, capsys):
    plain_file(monkeypatch, tmp_path)
    shell.run("%gemini_key kie --save")
    before, after = capsys.readouterr().out.strip().splitlines()
    assert before.startswith("keyrings.alt.file.PlaintextKeyring would keep the key as plain text")
    assert after == "The key is kept for this session and in keyrings.alt.file.PlaintextKeyring."
    keys._memory.clear()
    assert find_key(kie()).reveal() == SECRET


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose", "Minimal"])
def test_a_real_keyring_in_a_home_that_takes_no_folder_shows_no_key(monkeypatch, shell, tmp_path, capsys, mode):
    home = tmp_path / "home"
    home.touch()  # where a file stands no folder can be made, not even by root
    plain_file(monkeypatch, home)
    shell.run_line_magic("xmode", mode)
    result = shell.run_cell("%gemini_key kie --save")
    shell.run_line_magic("tb", "")
    shell.run_line_magic("xmode", "Context")
    assert isinstance(result.error_in_exec, BadRequest)
    shown = capsys.readouterr()
    assert "did not take it (NotADirectoryError)" in shown.out
    assert not shows(shown.out + shown.err)


@pytest.mark.parametrize("pickler", [pickle, cloudpickle, dill], ids=lambda each: each.__name__)
def test_nothing_pickles_a_key(pickler):
    key = Key(SECRET)
    for thing in (key, [key], key.reveal, lambda: key):
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as raised:
            pickler.dumps(thing)
        assert not shows(str(raised.value))


@pytest.mark.parametrize("store", ["missing", "refusing"])
def test_a_key_that_cannot_be_saved_is_kept_for_the_session_and_that_is_said(monkeypatch, store):
    if store == "refusing":
        ring_with(monkeypatch, refuses=True)
    with pytest.raises(BadRequest, match="for this session only") as raised:
        save(kie(), SECRET)
    assert not shows(told_by(raised.value))
    assert find_key(kie()).reveal() == SECRET


def test_nothing_is_read_from_files_of_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in (".env", "keyring.py", ".netrc"):
        (tmp_path / name).write_text(f"KIE_API_KEY={SECRET}")
    with pytest.raises(MissingKey):
        find_key(kie())


@pytest.mark.parametrize("cut", range(1, len(SECRET)))
def test_a_key_that_comes_in_two_pieces_is_not_shown(cut):
    redactor = Redactor(Key(SECRET))
    pieces = [redactor.feed(piece) for piece in ("Look: " + SECRET[:cut], SECRET[cut:] + ", so.")]
    assert not shows("".join(pieces))
    assert "".join(pieces).startswith("Look: ") and "".join(pieces).endswith(", so.")
    assert "".join(pieces).count(REMOVED) == 1


def test_a_key_that_comes_letter_by_letter_is_not_shown_twice_over():
    redactor = Redactor(Key(SECRET))
    shown = "".join(redactor.feed(letter) for letter in f"a{SECRET}b{SECRET}{SECRET}c")
    assert not shows(shown)
    assert shown[0] == "a" and "b" in shown and shown[-1] == "c"


@pytest.mark.parametrize("piece", sorted(PIECES))
def test_a_piece_of_eight_characters_is_removed_and_one_of_seven_is_not(piece):
    key = Key(SECRET)
    assert redact(f"<{piece}>", key) == f"<{REMOVED}>"
    assert redact(f"<{piece[:7]}>", key) == f"<{piece[:7]}>"


def test_text_without_the_key_passes_untouched():
    redactor = Redactor(Key(SECRET))
    text = "sk-Zq3v and 9XtB7nL, 8 of them; 你好 🙂\n" * 50
    assert "".join(redactor.feed(text[at : at + 5]) for at in range(0, len(text), 5)) == text
    assert Redactor(None).feed(SECRET) == SECRET
    assert redact("none of it, none", Key("none")) == "none of it, none"
