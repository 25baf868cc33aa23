"""A small SCIM server that records its requests, and gives scripted responses where a test wants them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "token-of-the-endpoint"
_FILTER = re.compile(r'(?P<name>[\w.:]+) eq "(?P<value>(?:\\.|[^"\\])*)"')
_ELEMENT = re.compile(r'(?P<list>\w+)\[(?P<key>\w+) eq "?(?P<text>[^"\]]*)"?\](?:\.(?P<sub>\w+))?')
_URN = re.compile(r"(?P<urn>urn:.+:User):(?P<rest>\w+)")


@dataclass(frozen=True)
class Sent:
    """A request that the server received; the query is as it was sent."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")


@dataclass
class Answer:
    """A scripted response: raw bytes are sent as they are, with `headers`; `drop` closes the connection."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    endless: bool = False
    wait: threading.Event | None = None


@dataclass
class Script:
    method: str
    pattern: str
    answer: Answer
    times: int


class RecordingServer:
    """Stores users and groups in memory. `url` is the tenant URL; use it as a context manager."""

    def __init__(self, *, returns_members: bool = False) -> None:
        self.requests: list[Sent] = []
        self.resources: dict[str, dict[str, dict[str, Any]]] = {"Users": {}, "Groups": {}}
        self.returns_members = returns_members
        self.in_flight = self.most_in_flight = 0
        self._scripts: list[Script] = []
        self._lock = threading.Lock()
        self._count = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/scim"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # ---- for tests -------------------------------------------------------------------------------------------------

    def script(self, method: str, pattern: str, answer: Answer, times: int = 1_000_000) -> None:
        """Answer the next `times` requests whose path and decoded query match the pattern; later scripts come first."""
        self._scripts.insert(0, Script(method, pattern, answer, times))

    def clear_scripts(self) -> None:
        self._scripts.clear()

    def add(self, kind: str, **attributes: Any) -> str:
        """Store a resource as if it was created in the application, and return its id."""
        with self._lock:
            return self._add(kind, attributes)["id"]

    def calls(self, *methods: str) -> list[str]:
        """Return the requests as text, those with these methods only."""
        return [str(sent) for sent in self.requests if not methods or sent.method in methods]

    def take(self) -> list[Sent]:
        """Return the requests since the last call."""
        taken, self.requests = self.requests, []
        return taken

    def by_name(self, name: str) -> dict[str, Any]:
        """Return the only user or group with a name."""
        (match,) = [
            row
            for rows in self.resources.values()
            for row in rows.values()
            if name in (row.get("userName"), row.get("displayName"))
        ]
        return match

    # ---- requests --------------------------------------------------------------------------------------------------

    def answer(self, sent: Sent) -> Answer:
        with self._lock:
            self.requests.append(sent)
            text = f"{sent.path}?{unquote(sent.query.replace('+', ' '))}"
            for script in self._scripts:
                if script.times and script.method in ("*", sent.method) and re.search(script.pattern, text):
                    script.times -= 1
                    return script.answer
            return self._respond(sent)

    def _respond(self, sent: Sent) -> Answer:
        if sent.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"detail": "wrong token"})
        parts = sent.path.removeprefix("/scim").strip("/").split("/")
        rows = self.resources.get(parts[0])
        if rows is None:
            return Answer(404, {"detail": "no such path"})
        if len(parts) == 1:
            return self._create(parts[0], sent.body) if sent.method == "POST" else self._list(parts[0], sent)
        row = rows.get(unquote(parts[1]))
        if row is None:
            return Answer(404, {"detail": "no such resource"})
        if sent.method == "DELETE":
            del rows[row["id"]]
            return Answer(204)
        if sent.method == "PATCH":
            for operation in sent.body["Operations"]:
                _apply(row, operation)
            return Answer(204)
        return Answer(200, self._shown(row, sent))

    def _list(self, kind: str, sent: Sent) -> Answer:
        condition = parse_qs(sent.query).get("filter", [""])[0]
        match = _FILTER.fullmatch(condition)
        rows = list(self.resources[kind].values())
        if match:
            value = json.loads(f'"{match["value"]}"').lower()
            rows = [row for row in rows if str(row.get(match["name"], "")).lower() == value]
        shown = [self._shown(row, sent) for row in rows]
        return Answer(200, {"totalResults": len(shown), "Resources": shown})

    def _shown(self, row: dict[str, Any], sent: Sent) -> dict[str, Any]:
        hides = "excludedAttributes=members" in sent.query and not self.returns_members
        return {key: value for key, value in row.items() if not (hides and key == "members")}

    def _create(self, kind: str, body: Any) -> Answer:
        names = [row.get("userName") for row in self.resources[kind].values()]
        if body.get("userName") and body["userName"] in names:
            return Answer(409, {"detail": "userName is taken", "scimType": "uniqueness"})
        return Answer(201, self._add(kind, body))

    def _add(self, kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        row = {**attributes, "id": f"{kind[0].lower()}{self._count}"}
        self.resources[kind][row["id"]] = row
        return row


def _apply(row: dict[str, Any], operation: dict[str, Any]) -> None:
    path, value = operation.get("path"), operation.get("value")
    if operation["op"].lower() == "remove":
        _remove(row, path, value)
    elif path is None:
        for name, text in value.items():
            _set(row, name, text)
    else:
        _set(row, path, value, adds=operation["op"].lower() == "add")


def _set(row: dict[str, Any], path: str, value: Any, *, adds: bool = False) -> None:
    urn, element = _URN.fullmatch(path), _ELEMENT.fullmatch(path)
    if urn:
        wrapped = {"value": value} if urn["rest"] == "manager" and isinstance(value, str) else value
        row.setdefault(urn["urn"], {})[urn["rest"]] = wrapped
    elif element:
        rows = row.setdefault(element["list"], [])
        match = next((item for item in rows if str(item.get(element["key"])) == element["text"]), None)
        if match is None:
            rows.append(match := {element["key"]: element["text"]})
        match[element["sub"]] = value
    elif "." in path:
        parent, _, name = path.partition(".")
        row.setdefault(parent, {})[name] = value
    elif path == "members":
        row["members"] = [*(row.get("members", []) if adds else []), *value]
    else:
        row[path] = {"True": True, "False": False}.get(value, value) if path == "active" else value


def _remove(row: dict[str, Any], path: str, value: Any) -> None:
    element, urn = _ELEMENT.fullmatch(path), _URN.fullmatch(path)
    if urn:
        row[urn["urn"]].pop(urn["rest"], None)
        return
    gone = {element["text"]} if element else {item["value"] for item in value}
    row["members"] = [item for item in row.get("members", []) if item["value"] not in gone]


def _handler(server: RecordingServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _handle(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(length)
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = Sent(self.command, parts.path, parts.query, headers, json.loads(raw) if raw else None)
            with server._lock:
                server.in_flight += 1
                server.most_in_flight = max(server.most_in_flight, server.in_flight)
            try:
                self._send(server.answer(sent))
            finally:
                with server._lock:
                    server.in_flight -= 1

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815  names of the standard library

        def _send(self, answer: Answer) -> None:
            if answer.wait is not None:
                answer.wait.wait(60)
            if answer.drop:
                self.close_connection = True
                return
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            content = b"" if answer.body is None else content
            self.send_response(answer.status)
            headers = {"Content-Type": "application/scim+json", **answer.headers}
            if not answer.endless:
                headers["Content-Length"] = str(len(content))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self._write(content, endless=answer.endless)
            self.wfile.flush()

        def _write(self, content: bytes, *, endless: bool) -> None:
            self.wfile.write(content)
            self.close_connection = self.close_connection or endless
            while endless:
                try:
                    self.wfile.write(b"x" * 65_536)
                except OSError:
                    return

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    return Handler
