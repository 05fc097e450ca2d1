"""Pushing to the hub: the library's own client against a server on this machine, and what is refused before it is asked."""

import base64
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
import yaml

from core.errors import GamutError
from core.export.options import ExportOptions
from core.export.push import push
from core.export.write import write_export
from core.jobs.start import ROOT
from tests.export.test_export import selected


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as an upload of small files asks for."""

    files: ClassVar[dict[str, bytes]] = {}
    made: ClassVar[list[dict]] = []
    cards: ClassVar[list[str]] = []
    lost: ClassVar[int] = 0
    private: ClassVar[bool] = True

    def log_message(self, *said) -> None:
        pass

    def do_GET(self) -> None:
        self._say({"id": "me/mine", "private": self.private})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/repos/create":
            self.made.append(json.loads(body))
            self._say({"url": f"{self.server.address}/datasets/me/mine"})
        elif self.path == "/api/validate-yaml":
            self.cards.append(json.loads(body)["content"])
            self._say({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            asked = json.loads(body)["files"]
            self._say({"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked]})
        elif "/commit/" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            self._say({"commitUrl": f"{self.server.address}/datasets/me/mine/commit/1", "commitOid": "1"})
        elif "/paths-info/" in self.path:
            self._say([
                {"type": "file", "path": path, "size": len(content) - self.lost, "oid": "1"}
                for path, content in self.files.items()
            ])  # fmt: skip
        else:
            self.send_error(404)

    def _say(self, value) -> None:
        text = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def hub():
    Hub.files, Hub.made, Hub.cards, Hub.lost, Hub.private = {}, [], [], 0, True
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.address = f"http://127.0.0.1:{server.server_port}"
    yield server.address
    server.shutdown()


@pytest.fixture
def folder(made, tmp_path):
    selection, analysis, dataset = selected(made)
    to = tmp_path / "subset"
    write_export(selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="messages"), to=to)
    return to


def pushed(made, folder, hub, **more):
    """In a process of its own: the library reads its environment once."""
    words = [sys.executable, "-m", "core", "--workspace", str(made.root), "push", str(folder), "--to", "me/mine"]
    given = {"HF_ENDPOINT": hub, "HF_TOKEN": "hf_x", "HF_HUB_DISABLE_XET": "1", **more}
    left = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    return subprocess.run(words, env=left | given, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_folder_its_card_and_its_manifest_arrive_and_nobody_else_sees_them(made, folder, hub):
    done = pushed(made, folder, hub)
    assert done.returncode == 0, done.stderr
    there = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    there["manifest.json"] = folder.with_name("subset.manifest.json").read_bytes()
    assert Hub.files == there and Hub.made[0]["visibility"] == "private"
    assert "private" in done.stdout
    front = yaml.safe_load(Hub.cards[0].split("---")[1])
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]


def test_a_file_that_arrived_otherwise_is_told(made, folder, hub):
    Hub.lost = 1
    done = pushed(made, folder, hub)
    assert done.returncode == 2 and "push it once more" in done.stderr


def test_nothing_goes_to_a_name_that_everybody_can_see_already_unless_that_is_said(made, folder, hub):
    Hub.private = False
    done = pushed(made, folder, hub)
    assert done.returncode == 2 and "everybody can see it" in done.stderr and not Hub.files


def test_offline_means_offline(made, folder, hub):
    done = pushed(made, folder, hub, HF_HUB_OFFLINE="1")
    assert done.returncode == 2 and "HF_HUB_OFFLINE is set" in done.stderr and not Hub.made


def test_a_hub_that_is_not_there_is_a_sentence(made, folder):
    done = pushed(made, folder, "http://127.0.0.1:9")
    assert done.returncode == 2 and "The hub could not be reached" in done.stderr and "defect" not in done.stderr


def test_what_cannot_be_pushed_is_a_sentence_before_any_call(folder, tmp_path):
    with pytest.raises(GamutError, match="is no name of the hub; write OWNER/NAME"):
        push(folder, "mine")
    with pytest.raises(GamutError, match="is no exported folder"):
        push(tmp_path / "none", "me/mine")
    next(folder.rglob("*.parquet")).write_bytes(b"changed")
    with pytest.raises(GamutError, match="not as its manifest says"):
        push(folder, "me/mine")
