"""A service in a process of its own, light enough to leave the processor to those who ask it.

    python benchmarks/rows_service.py SECONDS [STARTS WINDOW_S]

It answers each question after so many seconds, streamed or whole as it is asked, and refuses with 429 what
begins beyond STARTS in any WINDOW_S. It prints its address; a line on its input makes it print how many
questions came and how many were refused, and begin to count again.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
ABOUT = {"id": "chatcmpl-1", "created": 1768293339, "model": "gemini-3.1-pro"}
WHOLE = {
    **ABOUT,
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Fine."}, "finish_reason": "stop"}],
    "usage": USAGE,
}
CHUNKS = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Fine."}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": USAGE},
]


def document(status: str, kind: str, body: bytes) -> bytes:
    """Write a whole response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


JSON = document("200 OK", "application/json", json.dumps(WHOLE).encode())
EVENTS = [json.dumps({**ABOUT, "object": "chat.completion.chunk", **chunk}) for chunk in CHUNKS]
STREAM = document(
    "200 OK", "text/event-stream", "".join(f"data: {event}\n\n" for event in [*EVENTS, "[DONE]"]).encode()
)
REFUSED = document("429 Too Many", "application/json", b'{"error": {"message": "Slow down"}}')


class Service:
    """Counts what comes, and answers it."""

    def __init__(self, seconds: float, starts: int, window_s: float) -> None:
        self.seconds, self.starts, self.window_s = seconds, starts, window_s
        self.asked, self.refused = 0, 0
        self._begun: deque[float] = deque()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the questions of one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.lower().split(b"\r\n")
                length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
                body = await reader.readexactly(length)
                writer.write(await self._reply(body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _reply(self, body: bytes) -> bytes:
        now = time.monotonic()
        self.asked += 1
        while self._begun and self._begun[0] <= now - self.window_s:
            self._begun.popleft()
        if self.starts and len(self._begun) >= self.starts:
            self.refused += 1
            return REFUSED
        self._begun.append(now)
        await asyncio.sleep(self.seconds)
        return STREAM if b'"stream": true' in body or b'"stream":true' in body else JSON

    def count(self) -> None:
        """Print the counts, and begin again."""
        if not sys.stdin.readline():
            raise SystemExit
        print(json.dumps({"asked": self.asked, "refused": self.refused}), flush=True)
        self.asked = self.refused = 0
        self._begun.clear()


async def main(seconds: float, starts: int = 0, window_s: float = 0.0) -> None:
    """Serve until the input ends."""
    service = Service(seconds, starts, window_s)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    asyncio.get_running_loop().add_reader(sys.stdin, service.count)
    await server.serve_forever()


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    asyncio.run(main(given[0], *(int(given[1]), given[2]) if given[1:] else ()))
