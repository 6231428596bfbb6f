"""Fixtures: a shelf of made-up data sets, and a web server on this machine."""

import http.server
import os
import threading

import pytest

from seqlib.data import archive, cards
from tests.seqlib.data.shelf import Shelf

DOWNLOAD = archive.download


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An empty shelf, of which wheels are copied; the cache folder does not exist yet."""
    made = Shelf(tmp_path)
    monkeypatch.setattr(archive, "download", made.download)
    monkeypatch.setattr(cards, "folder", lambda: made.cards)
    monkeypatch.setenv("SEQLIB_DATA", str(made.cache))
    return made


@pytest.fixture
def pip(shelf, monkeypatch):
    """The real pip, which sees the shelf and nothing else."""
    monkeypatch.setattr(archive, "download", DOWNLOAD)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", shelf.index.as_uri())
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def site(monkeypatch):
    """A web server on this machine: `site.pages` maps a path to a body, `site.asked` counts."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            if self.path not in server.pages:
                self.send_error(404)
                return
            body = server.pages[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + server.promised_too_much))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages, server.asked, server.promised_too_much = {}, [], 0
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
