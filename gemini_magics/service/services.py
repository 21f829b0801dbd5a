"""The services a question can go to: rows of data, one for each.

A row says where the service is, whose key it takes, and how it spells the few things in which the
dialects of the protocol differ. What a spelling looks like on the wire is known in `wire` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ..core.errors import BadRequest
from ..core.settings import Settings, did_you_mean


@dataclass(frozen=True)
class Service:
    """One row of the table.

    Attributes:
        name: what people type after `--service`.
        base_url: the address before "/chat/completions"; "{model}" stands where the model goes.
        model: the model that is asked unless another is named; "" where the person must name one.
        key_variable: the environment variable that holds its key; "" where none is needed.
        efforts: the efforts it knows.
        effort: how an effort is spelled: "flat" or "nested".
        thoughts: how thoughts are asked for: "flag", "google", "exclude" or "" (not at all).
        search: how a web search is asked for: "googleSearch", "openrouter" or "" (not offered).
        media: how a medium that is no picture is sent: "image_url" for all alike, "audio" where sounds
            are apart, or "typed" where sounds, films and documents are.
        schema: True where a request can carry a JSON schema for the answer; elsewhere it is put in words.
        usage_on_request: True where a stream tells its usage only when asked.
        model_in_body: False where the address alone says which model answers.
        custom: True for an address that the person gave.
    """

    name: str
    base_url: str
    model: str
    key_variable: str
    efforts: tuple[str, ...] = ("low", "high")
    effort: str = "flat"
    thoughts: str = ""
    search: str = ""
    media: str = "image_url"
    schema: bool = False
    usage_on_request: bool = False
    model_in_body: bool = True
    custom: bool = False

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a key is bound to."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


SERVICES = {
    row.name: row
    for row in (
        Service(
            "kie", "https://api.kie.ai/{model}/v1", "gemini-3.1-pro", "KIE_API_KEY",
            thoughts="flag", search="googleSearch", model_in_body=False,
        ),
        Service(
            "google", "https://generativelanguage.googleapis.com/v1beta/openai",
            "gemini-3.1-pro-preview", "GEMINI_API_KEY",
            efforts=("minimal", "low", "medium", "high"),
            thoughts="google", media="audio", schema=True, usage_on_request=True,
        ),
        Service(
            "openrouter", "https://openrouter.ai/api/v1", "google/gemini-3.1-pro-preview", "OPENROUTER_API_KEY",
            efforts=("minimal", "low", "medium", "high"),
            effort="nested", thoughts="exclude", search="openrouter", media="typed", schema=True,
        ),
        Service(
            "openai", "", "", "GEMINI_MAGICS_API_KEY",
            efforts=("minimal", "low", "medium", "high"), schema=True, usage_on_request=True,
        ),
        Service(
            "demo", "", "gemini-3.1-pro", "",
            thoughts="flag", search="googleSearch", model_in_body=False,
        ),
    )
}  # fmt: skip
SHORTEST_KEY = 16  # characters; the longest name of a service has 10
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def find(settings: Settings) -> Service:
    """Return the row that a question goes by, with the address and the model that it asks for.

    A `base_url` replaces the row's own address and keeps its spelling; its key is then
    GEMINI_MAGICS_API_KEY alone, so that no service's key reaches another host.

    Raises:
        BadRequest: there is no such service; the address is neither https nor on this machine; no model
            is known; or the service does not know the effort or the search that is asked for.
    """
    name = settings.service
    if name not in SERVICES:
        raise no_service(name)
    row = SERVICES[name]
    if settings.base_url:
        row = replace(
            row, base_url=_checked(settings.base_url), key_variable="GEMINI_MAGICS_API_KEY", custom=True
        )
    elif not row.base_url and name != "demo":
        raise BadRequest(
            f"The service {name} needs an address: set GEMINI_MAGICS_BASE_URL or %config GeminiMagics.base_url."
        )
    row = replace(row, model=settings.model or row.model)
    if not row.model:
        raise BadRequest(f"The service {name} needs the name of a model: add --model NAME.")
    if settings.effort not in row.efforts:
        raise BadRequest(
            f"The service {name} has no effort {settings.effort!r}; it takes {', '.join(row.efforts)}."
        )
    if settings.search and not row.search:
        able = ", ".join(other.name for other in SERVICES.values() if other.search)
        raise BadRequest(f"The service {name} offers no search; leave --search out, or ask {able}.")
    return row


def no_service(name: str) -> BadRequest:
    """Say that there is no service of a name, which is not repeated where it may be a key."""
    quoted = f"service {name!r}" if len(name) < SHORTEST_KEY else "such service"
    return BadRequest(f"There is no {quoted}. {did_you_mean(name, SERVICES)}")


def _checked(base_url: str) -> str:
    """Return the address without a closing slash, if a key may be sent to it."""
    try:
        parts = urlsplit(base_url)
        well_formed = bool(parts.hostname) and parts.port != 0  # reading the port checks it
    except ValueError as error:
        raise BadRequest(f"The address {base_url!r} is none: {error}. Correct it.") from None
    if parts.username is not None:
        raise BadRequest("The address must hold no name and password: the key is GEMINI_MAGICS_API_KEY.")
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not well_formed or not (parts.scheme == "https" or local):
        raise BadRequest(
            f"The address {base_url!r} must begin with https://; http:// is for 127.0.0.1 and localhost only."
        )
    return base_url.rstrip("/")
