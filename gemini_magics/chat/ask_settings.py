"""The settings that `ask` takes by keyword, for completion and type checkers.

They are those of `core.settings.Settings`; a test holds the two lists equal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypedDict

from .conversation import Conversation


class AskSettings(TypedDict, total=False):
    """The settings of one question. One that is left out has the default of the session."""

    service: str
    model: str | None
    base_url: str | None
    effort: str | None
    tier: str | None
    thoughts: bool
    search: bool
    point: bool
    system: str
    chat: str | Conversation | None
    drop_stale: bool
    with_partial: bool
    stream: bool
    extra: Mapping[str, Any]
    recording: str | os.PathLike[str] | None
    record_new: bool
    strict: bool
    fresh: bool
    allow_outside: bool
    as_image: bool
    table_rows: int
    image_side_px: int
    image_bytes: int
    request_bytes: int
    connect_timeout_s: float
    write_timeout_s: float
    gap_timeout_s: float
    finish_timeout_s: float
    retries: int
    retry_wait_s: float
    tool_rounds: int
    tool_timeout_s: float
    tool_result_bytes: int
    budget: str
    dollars_per_credit: float | None
    display: str
