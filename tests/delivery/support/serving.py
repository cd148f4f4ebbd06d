"""A server of HTTP whose answers a test decides."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable


@dataclass
class Request:
    method: str
    path: str  # with its query
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"


def as_json(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


class Server:
    """Serves on a free port of this machine; `requests` are those that came."""

    def __init__(self, answer: Callable[[Request], Answer]):
        self.requests: list[Request] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(handler) -> None:
                length = int(handler.headers.get("Content-Length") or 0)
                request = Request(handler.command, handler.path, dict(handler.headers), handler.rfile.read(length))
                self.requests.append(request)
                answered = answer(request)
                handler.send_response(answered.status)
                handler.send_header("Content-Type", answered.content_type)
                handler.send_header("Content-Length", str(len(answered.body)))
                handler.end_headers()
                handler.wfile.write(answered.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_HEAD = handle_any

            def log_message(handler, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
