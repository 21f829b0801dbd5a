"""When the next question of a batch may start: a service's window, the pauses it asks for, a slow start.

Only the driver of a batch asks here. So the limits hold for all of its workers together, wherever they run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..service.services import Service

FIRST = 8  # questions under way at first, where neither the service nor the person names a number
MOST = 64  # questions under way at once, where nobody names a number
MARGIN_S = 0.5  # a window is this much longer here: questions travel for unequal times
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0  # as long as a single question waits by default (`retry_wait_s`)
MOST_PAUSES = 7  # in a row, without an answer between them: about two minutes
Clock = Callable[[], float]


@dataclass
class Start:
    """One question that began, as the window counts it."""

    at: float


@dataclass
class Window:
    """A service's limit: so many questions may begin in so many seconds. All batches of a session share it."""

    starts: int
    seconds: float
    _begun: list[Start] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, now: float) -> float:
        """Return the seconds until one more question may begin; 0 where it may begin now."""
        with self._lock:
            self._begun = [start for start in self._begun if start.at > now - self.seconds]
            if not self.starts or len(self._begun) < self.starts:
                return 0.0
            # In no order, and maybe too many: `ended` moves a start to when its question was really sent.
            first = sorted(start.at for start in self._begun)[len(self._begun) - self.starts]
            return max(first + self.seconds - now, 0.0)

    def begin(self, now: float) -> Start:
        """Count a question that begins."""
        start = Start(now)
        with self._lock:
            self._begun.append(start)
        return start


_windows: dict[tuple[str, str], Window] = {}


def window_of(service: Service) -> Window:
    """Return the window of a service in this session."""
    seconds = service.window_s + MARGIN_S if service.starts else 0.0
    return _windows.setdefault((service.name, service.base_url), Window(service.starts, seconds))


class Pace:
    """How fast the questions of one batch may begin.

    Args:
        window: the limit of the service.
        concurrency: the most questions under way at once; None starts with a few and doubles them.
    """

    def __init__(self, window: Window, concurrency: int | None, clock: Clock = time.monotonic) -> None:
        self._window, self._clock = window, clock
        self.most: int = concurrency or MOST
        known = bool(concurrency or window.starts)
        self.allowed: int = self.most if known else min(FIRST, self.most)
        self._doubles = not known
        self._answered = 0
        self._until = 0.0
        self._paused_at = 0.0
        self.pauses: int = 0  # since the last answer

    def wait_s(self) -> float:
        """Return the seconds until one more question may begin, as far as time alone decides."""
        now = self._clock()
        return max(self._until - now, self._window.wait_s(now))

    def paused_s(self) -> float:
        """Return the seconds that are left of a pause for all questions."""
        return max(self._until - self._clock(), 0.0)

    def begin(self) -> Start:
        """Count a question that begins now."""
        return self._window.begin(self._clock())

    def ended(self, start: Start, since_sent_s: float) -> None:
        """Correct when a question began: it came back just now, and was sent so many seconds before.

        A worker may begin late, and connecting takes its time, so a start counts from when it was sent.
        """
        start.at = max(start.at, self._clock() - since_sent_s)

    def answered(self) -> None:
        """Count an answer: the service takes questions, and may be able to take more."""
        self.pauses = 0
        self._answered += 1
        # Doubling until the first refusal, then one more at a time and half after a refusal, as TCP does:
        # https://www.rfc-editor.org/rfc/rfc5681#section-3.1
        if self._answered >= self.allowed < self.most:
            self._answered = 0
            self.allowed = min(self.most, self.allowed * 2 if self._doubles else self.allowed + 1)

    def pause(self, start: Start, wait_s: float) -> bool:
        """Hold all questions because the service answered "not now"; return False where it does so too long.

        A question that began before the last pause tells nothing new.
        """
        now = self._clock()
        if start.at < self._paused_at:
            return True
        self.pauses += 1
        self._doubles, self._answered = False, 0
        self.allowed = max(1, self.allowed // 2)
        longer = min(FIRST_PAUSE_S * 2.0 ** (self.pauses - 1), LONGEST_PAUSE_S)
        self._until = max(self._until, now + max(wait_s, longer))
        self._paused_at = now
        return self.pauses <= MOST_PAUSES
