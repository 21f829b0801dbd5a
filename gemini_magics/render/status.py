"""The words about an answer: its status while it comes, the notices at its end, and its footer."""

from __future__ import annotations

from ..core.answer import BY_SERVICE, CUT, FAILED, INTERRUPTED, OURS, AnswerState
from ..core.messages import BLOCKED, Attachment, Media
from ..core.settings import TIER_WAIT_S
from ..core.text import count, counted, one_line
from .marks import marks_of

NAME_CHARS = 80
PROBLEM_CHARS = 500
# Gemini counts 258 tokens for a small picture: https://ai.google.dev/gemini-api/docs/tokens
FEWEST_IMAGE_TOKENS = 250


# Finish reasons beside the `BLOCKED` ones, from the same sources.
_TOO_LONG = ("length", "max_tokens")
_TOOL_CALLS = ("tool_calls", "function_call")
# Google's compatible endpoint writes a word of its own before them: "function_call_filter: MALFORMED_...".
_WRONG_CALLS = {
    "malformed_function_call": "The model wrote a call of a function that cannot be read. Ask again.",
    "unexpected_tool_call": "The model called a tool that the question did not offer. Ask again.",
    "too_many_tool_calls": "The model called too many tools, one after the other. Ask for less.",
    "missing_thought_signature": "The service missed a signature of the model's thoughts. Ask again.",
}
_SEARCHES = ("googleSearch", "google_search", "web_search", "openrouter:web_search")


def thinking_summary(answer: AnswerState) -> str:
    """Return the heading of the thoughts: "Thinking…" or "Thought for 12 s"."""
    thinking = answer.ended is None and not answer.text
    return "Thinking…" if thinking else f"Thought for {_duration(answer.thought_s)}"


def status_text(answer: AnswerState) -> str:
    """Describe the state of an answer in a few words that do not change while nothing happens."""
    if answer.waiting:
        return (
            f"Trying again in {answer.waiting.seconds:.0f} s: {one_line(answer.waiting.reason, PROBLEM_CHARS)}"
        )
    if answer.ended is None and answer.asked_tier and not (answer.text or answer.thinking):
        return f"Waiting for the {answer.asked_tier} tier, up to {TIER_WAIT_S / 60:.0f} minutes…"
    if answer.ended is None:
        return "Answering…" if answer.writing else "Thinking…"
    ended = {INTERRUPTED: "Stopped after", CUT: "Cut off after", FAILED: "Failed after"}
    return f"{ended.get(answer.ended, 'Answered in')} {_duration(answer.seconds)}"


def status_line(answer: AnswerState) -> str:
    """Return the state of an answer, and how long it has taken so far."""
    status = status_text(answer)
    return status if answer.waiting else f"{status} {_duration(answer.seconds)}"


def notices(answer: AnswerState, *, raised: bool = False) -> list[str]:
    """Return the sentences that a reader must know about the end of an answer.

    Args:
        raised: True where an exception says why it was stopped, broke off or failed.
    """
    if answer.ended is None or answer.goes_on:
        return []
    told = raised and answer.ended in OURS
    sentences = [ending] if not told and (ending := _ending(answer)) else []
    if not answer.text.strip() and answer.ended not in OURS:
        sentences.append(_no_text(answer))
    sentences += [
        f"{one_line(name, NAME_CHARS)} had other pixels when this answer was recorded."
        for name in answer.redrawn
    ]
    sentences += marks_of(answer).dropped
    pictures = sum(_is_picture(attachment) for attachment in answer.attachments)
    tokens = answer.usage.prompt_tokens
    if pictures and tokens is not None and tokens < FEWEST_IMAGE_TOKENS * pictures:
        which = "The picture" if pictures == 1 else f"Some of the {pictures} pictures"
        sentences.append(f"{which} may not have been read: the question was counted as {tokens:,} tokens.")
    return sentences


def footer_text(answer: AnswerState, *, raised: bool = False) -> str:
    """Return the footer: gemini-3.1-pro · kie · high effort · 34 s · 1,204 tokens in, 698 out.

    Args:
        raised: True where no notice says that the answer was stopped, broke off or failed.
    """
    if answer.goes_on:
        return ""
    usage = answer.usage
    model, service, effort = (
        one_line(word, NAME_CHARS) for word in (answer.model, answer.service, answer.effort)
    )
    tokens = [
        f"{usage.prompt_tokens:,} tokens in" if usage.prompt_tokens is not None else "",
        f"{usage.completion_tokens:,} out" if usage.completion_tokens is not None else "",
    ]
    thought = f" ({usage.reasoning_tokens:,} of them thoughts)" if usage.reasoning_tokens else ""
    parts = [
        *([f"demo, a stand-in for {model}"] if service == "demo" else [model, service]),
        f"{effort} effort" if effort else "",
        _tier(answer),
        f"recorded {one_line(answer.recorded, NAME_CHARS)}" if answer.recorded else "",
        _took(answer, raised),
        counted(len(answer.calls), "call") if answer.calls else "",
        ", ".join(filter(None, tokens)) + thought,
        f"{count(usage.credits)} credits" if usage.credits is not None else "",
        f"${usage.cost_usd:.4f}" if usage.cost_usd is not None else "",
    ]
    return " · ".join(filter(None, parts))


def _took(answer: AnswerState, raised: bool) -> str:
    """Write how long it took, after which it stopped where only an exception says so: "stopped after 3 s"."""
    if answer.ended and answer.total_s is None:
        return ""
    if raised and answer.ended in OURS:
        return status_text(answer)[0].lower() + status_text(answer)[1:]
    return _duration(answer.seconds)


def _tier(answer: AnswerState) -> str:
    """Say which tier served the answer, where one was asked for."""
    asked, served = answer.asked_tier, one_line(answer.tier, NAME_CHARS)
    if not asked or (served == asked):
        return f"{asked} tier" if asked else ""
    if not served:
        return f"{asked} tier asked for" + (
            ", the service does not say which one served" if answer.ended else ""
        )
    return f"{served} tier instead of {asked}"


def _ending(answer: AnswerState) -> str:
    """Return the sentence that says why an answer ended, or "" for a normal end."""
    problem = one_line(answer.problem, PROBLEM_CHARS)
    if answer.ended in OURS:
        return {
            INTERRUPTED: "Stopped by you. The partial answer is kept.",
            CUT: problem or "Cut off: the connection ended before the answer did.",
            FAILED: problem or "The service could not answer.",
        }[answer.ended]
    ended = (answer.ended or "").lower()
    if ended in BLOCKED:
        return f"Blocked by the service ({ended})."
    if answer.called or ended in _TOOL_CALLS:
        return _tool_call(answer, ended)
    if ended in _TOO_LONG:
        return "Cut off at the limit: one answer of the model may not be longer. Ask it to go on."
    if wrong := _WRONG_CALLS.get(ended.rpartition(": ")[2]):
        return wrong
    if ended == "error":
        return "The service ended the answer with an error, and does not say which. Ask again."
    if ended == "stop":
        return problem
    reason = (answer.ended or "none").removeprefix(BY_SERVICE)
    return f"It ended for an unknown reason: {one_line(reason, NAME_CHARS)}."


def _tool_call(answer: AnswerState, reason: str) -> str:
    """Say which tool the model called instead of going on, and whether the question offered any."""
    names = one_line(", ".join(answer.called), NAME_CHARS) or reason
    if not answer.tools_offered:
        return f"The model asked for a tool ({names}), but the question offered none."
    if any(name in _SEARCHES for name in answer.called):
        return (
            f"The service handed the search back ({names}) instead of running it: "
            "ask again, or leave --search out."
        )
    if not answer.called:
        return f"The service said that the model asked for a tool ({names}), and named none. Ask again."
    return f"The model asked for a tool ({names}), which is not run: functions of yours are offered by --tool."


def _no_text(answer: AnswerState) -> str:
    """Say that the answer has no text, and whether the model thought."""
    if answer.thoughts_hidden and not answer.thinking.strip():
        return "The model thought, but gave no answer. Its thoughts are hidden (--no-thoughts)."
    return "The model thought, but gave no answer." if answer.thinking.strip() else "No answer came."


def _is_picture(attachment: Attachment) -> bool:
    return isinstance(attachment.content, Media) and attachment.content.type.startswith("image/")


def _duration(seconds: float) -> str:
    """Format a time for people: 0.4 s, 12 s, 1 min 15 s."""
    if seconds < 1:
        return f"{max(seconds, 0.1):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
