"""Stands before an engine and spoils some of its answers."""

import ssl
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import Callable, Iterator

from .serving import Answer, Request, Server

Spoil = Callable[[Request, Answer], Answer]


@contextmanager
def spoiled(url: str, authority: str, spoil: Spoil) -> Iterator[str]:
    """The address of a server that asks `url` and answers what `spoil` makes of the answer."""
    context = ssl.create_default_context(cafile=authority)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def answer(request: Request) -> Answer:
        kept = {name: value for name, value in request.headers.items() if name.lower() in ("authorization", "content-type", "if-match")}
        body = request.body or None
        asked = urllib.request.Request(url + request.path, data=body, headers=kept, method=request.method)
        try:
            with opener.open(asked, timeout=60) as response:
                return spoil(request, Answer(response.status, response.read(), response.headers["Content-Type"] or ""))
        except urllib.error.HTTPError as error:
            return spoil(request, Answer(error.code, error.read(), error.headers["Content-Type"] or ""))

    with Server(answer) as server:
        yield server.url
