"""A server on this machine that answers as the Hugging Face hub does, as far as one model's files need it.

What it imitates: making a repository, the check of a model card's head, commits whose files travel inside them, and
handing out files at a branch or a commit, to those who may read them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

TOKEN = "hf_secret"

Files = dict[str, bytes]


@dataclass
class Repository:
    private: bool = False
    gated: bool = False
    commits: dict[str, Files] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def files(self, revision: str) -> tuple[str, Files] | None:
        commit = list(self.commits)[-1] if revision == "main" and self.commits else revision
        return (commit, self.commits[commit]) if commit in self.commits else None

    def commit(self, changes: Files, message: str) -> str:
        before = list(self.commits.values())[-1] if self.commits else {}
        name = hashlib.sha1(f"{len(self.commits)} {sorted(changes)}".encode()).hexdigest()
        self.commits[name] = before | changes
        self.messages.append(message)
        return name


@dataclass
class Hub:
    """The server's address, its repositories by name, and what was asked of it (`GET me/net/config.json`)."""

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    broken: bool = False


@contextmanager
def serving() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        pass

    def do_HEAD(self) -> None:
        self._resolve()

    def do_GET(self) -> None:
        if self.path.startswith("/api/models/"):
            name = unquote(urlsplit(self.path).path).removeprefix("/api/models/")
            if self._readable(name) is not None:
                self._json(200, {"id": name, "_id": name})
            return
        self._resolve()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"POST {path.removeprefix('/api/')}")
        if self.hub.broken:
            self._json(500, {"error": "the hub is being mended"})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._json(401, {"error": "Invalid username or password."})
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._validate(json.loads(body)["content"])
        else:
            *name, kind, _ = path.removeprefix("/api/models/").split("/")
            if kind == "preupload":
                asked = [file["path"] for file in json.loads(body)["files"]]
                self._json(
                    200, {"files": [{"path": one, "uploadMode": "regular", "shouldIgnore": False} for one in asked]}
                )
            else:
                self._commit("/".join(name), [json.loads(line) for line in body.splitlines()])

    def _create(self, asked: dict[str, object]) -> None:
        owner = asked.get("organization") or "me"
        name = f"{owner}/{asked['name']}"
        if owner != "me":
            self._json(403, {"error": f"You don't have the rights to create a model under the namespace {owner}."})
            return
        known = name in self.hub.repositories
        private = asked.get("private") is True or asked.get("visibility") == "private"
        self.hub.repositories.setdefault(name, Repository(private=private))
        self._json(409 if known else 200, {"url": f"{self.hub.url}/{name}", "error": "You already created this"})

    def _validate(self, text: str) -> None:
        head = yaml.safe_load(text.split("---\n")[1])
        wrong = [] if head["library_name"] and head["pipeline_tag"] else ["incomplete"]
        self._json(400 if wrong else 200, {"errors": [{"message": one} for one in wrong], "warnings": []})

    def _commit(self, name: str, lines: list[dict[str, Any]]) -> None:
        changes = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"]) for line in lines if line["key"] == "file"
        }
        commit = self.hub.repositories[name].commit(changes, lines[0]["value"]["summary"])
        self._json(200, {"commitOid": commit, "commitUrl": f"{self.hub.url}/{name}/commit/{commit}", "success": True})

    def _readable(self, name: str) -> Repository | None:
        repository = self.hub.repositories.get(name)
        allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if repository is None or (repository.private and not allowed):
            self._json(401, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return None
        if repository.gated and not allowed:
            self._json(403, {"error": "Access is restricted"}, {"X-Error-Code": "GatedRepo"})
            return None
        return repository

    def _resolve(self) -> None:
        name, _, rest = unquote(urlsplit(self.path).path).lstrip("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        self.hub.asked.append(f"{self.command} {name}/{file}")
        self.hub.agents.add(self.headers.get("User-Agent", ""))
        if self.hub.broken:
            self._json(500, {"error": "the hub is being mended"})
            return
        if (repository := self._readable(name)) is None:
            return
        found = repository.files(revision)
        if found is None:
            self._json(404, {"error": "Revision not found"}, {"X-Error-Code": "RevisionNotFound"})
            return
        commit, files = found
        if file not in files:
            self._json(404, {"error": "no"}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
            return
        content = files[file]
        tag = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": commit}
        self._answer(200, content, tag)

    def _json(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        self._answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"} | (headers or {}))

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
