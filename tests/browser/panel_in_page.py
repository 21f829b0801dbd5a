"""A panel in a page, for tests and benchmarks."""

from __future__ import annotations

from typing import Any

# From the click until the page shows that nothing is awaited any more, by the page's own clock.
STOP_MS = """panel => new Promise(stopped => {
    const stop = [...panel.querySelectorAll("button")].find(button => button.textContent === "Stop");
    let began;
    new MutationObserver((_, watch) => {
        if (panel.classList.contains("gemini-panel-busy")) return;
        watch.disconnect();
        stopped(performance.now() - began);
    }).observe(panel, { attributes: true, attributeFilter: ["class"] });
    began = performance.now();
    stop.click();
})"""


class Panel:
    """A panel in a page, and what a person does with it."""

    def __init__(self, book: Any, service: Any, cell: int = 0) -> None:
        self.book, self.page, self.service = book, book.page, service
        self.root = book.output(cell).locator(".gemini-panel")
        self.root.wait_for()
        self.text = self.root.get_by_label("Question", exact=True)
        self.turns = self.root.locator(".gemini-panel-turn")
        self.chips = self.root.locator(".gemini-panel-chip")

    def button(self, name: str, **options: Any) -> Any:
        return self.root.get_by_role("button", name=name, **options)

    def ask(self, text: str) -> None:
        self.text.fill(text)
        self.ask_by("Control+Enter")

    def ask_by(self, key: str) -> None:
        """Send what stands in the box by a key, and wait until it has arrived."""
        self.text.press(key)
        self.root.locator(".gemini-panel-status").filter(has_text="Thinking").wait_for()

    def answer(self, text: str, thoughts: str = "") -> None:
        """Let the service answer, and wait until it is there."""
        if thoughts:
            self.service.think(thoughts)
        self.service.say(text)
        self.service.finish()
        self.ended()

    def ended(self) -> None:
        self.page.wait_for_selector(".gemini-panel:not(.gemini-panel-busy)")
        self.button("Send").wait_for()

    @property
    def sent(self) -> list[str]:
        """The newest turn that the service received: its texts, and media by their beginning."""
        parts = self.service.requests[-1].json["messages"][-1]["content"]
        return [part.get("text") or part["image_url"]["url"][:22] for part in parts]

    def stop_ms(self) -> float:
        """Press Stop, and return the milliseconds until the panel is no longer busy."""
        return self.root.evaluate(STOP_MS)
