"""A language model behind an OpenAI-compatible endpoint: asked over HTTP, patiently where it is busy.

The key comes from the environment and goes into one header: never to disk, into a log or a message.
"""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.errors import GamutError

URL, MODEL, KEY = "GAMUT_LLM_URL", "GAMUT_LLM_MODEL", "GAMUT_LLM_KEY"
SECONDS = 120.0  # for one answer
TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between tries, doubled each time
BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
MOVED = frozenset({301, 302, 303, 307, 308})


class Unanswered(Exception):
    """The endpoint gave no usable answer to one question, however often it was asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said, and the tokens that the endpoint counted (0 where it does not tell)."""

    text: str
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, for which model; the key is not shown when this is printed."""

    url: str = field(repr=False)
    model: str
    key: str = field(default="", repr=False)
    first_wait: float = FIRST_WAIT

    @property
    def host(self) -> str:
        """The host alone, for messages: an address may carry a password or a key."""
        return urllib.parse.urlsplit(self.url).hostname or "?"

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] | None = None) -> Endpoint:
        """The endpoint that the environment names; raises `GamutError` saying what to set."""
        said = os.environ if environment is None else environment
        url, model = said.get(URL, "").strip(), said.get(MODEL, "").strip()
        if not url or not model:
            missing = " and ".join(name for name, value in ((URL, url), (MODEL, model)) if not value)
            raise GamutError(
                f"No language model is set up: {missing} is not set. Set {URL} (such as http://localhost:8000/v1), {MODEL} "
                f"and, where it asks for one, {KEY}."
            )
        if not url.startswith(("http://", "https://")):
            raise GamutError(f"{URL} is no web address; it begins with http:// or https://.")
        if "@" in url.split("/")[2]:
            raise GamutError(f"{URL} holds a user name or password; give the address without it and the key in {KEY}.")
        return cls(url.rstrip("/"), model, said.get(KEY, "").strip())

    def ask(self, system: str, user: str, *, most: int, waiting: Callable[[float], None] = time.sleep) -> Answer:
        """Ask once for at most `most` tokens; waits and asks again where the endpoint is busy or gone for a moment.

        Raises `Unanswered` when it stays so, `GamutError` for what no patience mends: a wrong key, address or model.
        `waiting` sleeps for so many seconds, and may raise to stop.
        """
        body = {
            "model": self.model, "temperature": 0, "max_tokens": most,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        }  # fmt: skip
        wait, why = self.first_wait, ""
        for attempt in range(TRIES):
            if attempt:
                waiting(wait)
                wait = min(LONGEST_WAIT, 2 * wait)
            try:
                return self._answer(body)
            except urllib.error.HTTPError as error:
                why = f"it answered {error.code}"
                with error:
                    if error.code not in BUSY:
                        raise GamutError(self._refusal(error)) from None
                wait = max(wait, min(LONGEST_WAIT, _seconds(error.headers.get("Retry-After"))))
            except http.client.InvalidURL:  # its words hold the address
                raise GamutError(
                    f"{URL} is no web address that can be asked; it is like http://localhost:8000/v1."
                ) from None
            except (ValueError, KeyError, IndexError, TypeError):
                why = "its answer was not of the form that was asked for"
            except OSError as error:  # refused, cut off, timed out; URLError is one
                why = str(getattr(error, "reason", error)) or type(error).__name__
            except http.client.HTTPException:  # cut off in the middle of an answer, or no HTTP at all
                why = "its answer was cut off or is no HTTP"
        raise Unanswered(why)

    def _answer(self, body: dict) -> Answer:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        request = urllib.request.Request(f"{self.url}/chat/completions", json.dumps(body).encode(), headers)
        with urllib.request.build_opener(_Staying).open(request, timeout=SECONDS) as got:
            said = json.loads(got.read())
        text = said["choices"][0]["message"]["content"]
        if not isinstance(text, str):
            raise TypeError(text)
        usage = said.get("usage") or {}
        return Answer(text, int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))

    def _refusal(self, error: urllib.error.HTTPError) -> str:
        if error.code in MOVED:
            return (
                f"The language model at {self.host} sends on to another address ({error.code}), where the key must not go; "
                f"set {URL} to the address itself."
            )
        mend = {
            401: f"the key in {KEY} is wrong or missing",
            403: f"the key in {KEY} may not use it",
            404: f"there is no such address or no model {self.model!r}; see {URL} and {MODEL}",
        }
        return f"The language model at {self.host} refused ({error.code}): {mend.get(error.code, 'see its own log')}."


class _Staying(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would take the key to whatever host an answer names."""

    def redirect_request(self, *_: object) -> None:
        return None


def _seconds(header: str | None) -> float:
    try:
        return max(0.0, float(header or 0))
    except ValueError:  # a date: the doubling wait will do
        return 0.0
