"""Small servers of this machine: a store of files, and a language model that speaks the OpenAI protocol."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answering = Callable[[str, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]  # path, headers, body


@contextmanager
def served(answering: Answering) -> Iterator[str]:
    """The address of a server that answers by a function; None as a status cuts the connection."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            status, headers, said = answering(self.path, dict(self.headers), body)
            if status == 0:
                self.connection.close()
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def completion(text: object) -> bytes:
    """The body of an answer of a language model."""
    said = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    return json.dumps(said | {"usage": {"prompt_tokens": 100, "completion_tokens": 7}}).encode()


def asked_for(body: bytes) -> list[int]:
    """The features that a question is about."""
    user = json.loads(body)["messages"][1]["content"]
    return [int(found) for found in re.findall(r"^Feature (\d+)$", user, re.MULTILINE)]


def labels_for(body: bytes) -> bytes:
    """A right answer to a question."""
    return completion(json.dumps({"labels": {str(feature): f"about {feature}" for feature in asked_for(body)}}))
