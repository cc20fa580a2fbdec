"""OpenML on 127.0.0.1, for tests: scikit-learn's and Keras' own download code talks to it.

The server is an HTTPS forward proxy. A client process gets `https_proxy` and `SSL_CERT_FILE` in
its environment and nothing else changes for it: it asks the proxy to `CONNECT www.openml.org:443`,
the server answers the TLS handshake itself, with a certificate of a throw-away authority, and then
the requests inside. The answers have the form of those that scikit-learn keeps of the real OpenML
for its own tests (`sklearn/datasets/tests/data/openml`). Assumed, because no copy of the real
131,600 rows was at hand: the columns are `pixel1` … `pixel784` and then the nominal `class`, the
rows of the training set come before those of the test set.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import selectors
import ssl
import struct
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import trustme

CLASSES, TRAIN_EACH, TEST_EACH = 47, 24, 4
DATA_ID, FILE_ID = "41039", "19335523"
HOSTS = ("www.openml.org", "api.openml.org", "openml.org", "storage.googleapis.com")
HOSTS += ("biometrics.nist.gov",)
ARFF_URL = f"https://api.openml.org/data/v1/download/{FILE_ID}/EMNIST_Balanced.arff"

FAULTS = (
    "status 500",  # every request is answered with an error
    "status 404",
    "wrong md5",  # one pixel of the table is not what it was when OpenML computed the sum
    "truncated table",  # the connection ends in the middle of the table
    "truncated json",  # ... or of the first answer
    "portal",  # a hotel's login page, whatever was asked for
    "silent",  # connections are accepted and never answered
    "stalled",  # the first request is answered, no other
    "dropped",  # connections are closed without an answer
    "nonsense",  # the answer is not HTTP
)
MORE_FAULTS = (  # of tests/faults
    "says more",  # than it sends, in Content-Length
    "says less",
    "redirects",  # endlessly
    "trickles",  # a byte now and then, never silent for long
)


def upright_images(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Noise without any symmetry, so that equality proves orientation and order at once.

    Returns:
        Training images (1128, 28, 28) and labels, test images (188, 28, 28) and labels, each in
        random order.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for each in (TRAIN_EACH, TEST_EACH):
        labels = rng.permutation(np.repeat(np.arange(CLASSES, dtype=np.uint8), each))
        parts += [rng.integers(0, 256, (len(labels), 28, 28), dtype=np.uint8), labels]
    return tuple(parts)


def arff(images: np.ndarray, labels: np.ndarray, style: str = "plain") -> bytes:
    """OpenML's table of upright `images`: each is written column by column, as EMNIST's are.

    Args:
        images: uint8, shape (n, 28, 28).
        labels: class numbers, shape (n,).
        style: "plain", "quoted" (labels such as '7') or "decimal" (pixels such as 7.0): ARFF
            allows all three, and OpenML holds tables of each kind.
    """
    label_form = "'{}'" if style == "quoted" else "{}"
    pixels = images.transpose(0, 2, 1).reshape(len(images), -1)
    pixels = pixels.astype(float) if style == "decimal" else pixels
    classes = ",".join(map(label_form.format, range(CLASSES)))
    header = ["@RELATION EMNIST_Balanced", ""]
    header += [f"@ATTRIBUTE pixel{number} REAL" for number in range(1, 785)]
    header += [f"@ATTRIBUTE class {{{classes}}}", "", "@DATA"]
    rows = [
        ",".join([*map(str, row), label_form.format(label)])
        for row, label in zip(pixels.tolist(), labels.tolist(), strict=True)
    ]
    return "\n".join([*header, *rows, ""]).encode()


def nist_archive(parts: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> bytes:
    """NIST's archive of upright images: IDX files, each image written column by column."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part, images, labels in (("train", *parts[:2]), ("test", *parts[2:])):
            head = struct.pack(">iiii", 2051, len(images), 28, 28)
            pixels = head + images.transpose(0, 2, 1).tobytes()
            for kind, content in (
                ("images-idx3", pixels),
                ("labels-idx1", struct.pack(">ii", 2049, len(labels)) + labels.tobytes()),
            ):
                name = f"gzip/emnist-balanced-{part}-{kind}-ubyte.gz"
                archive.writestr(name, gzip.compress(content))
    return buffer.getvalue()


@dataclass
class OpenML:
    """The server's content and state.

    Attributes:
        table: the ARFF file.
        files: other paths and what is served there.
        fault: one of `FAULTS` or `MORE_FAULTS`, or empty.
        asked: every request so far, as "METHOD host/path".
    """

    table: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    fault: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Returns status, content type and body."""
        api = "/api/v1/json/data/"
        if path in self.files:
            return 200, "application/octet-stream", self.files[path]
        if path.startswith(f"/data/v1/download/{FILE_ID}"):
            table = self.table
            if self.fault == "wrong md5":
                first = table.index(b"@DATA\n") + len(b"@DATA\n")
                digit = b"1" if table[first : first + 1] != b"1" else b"2"
                table = table[:first] + digit + table[first + 1 :]
            return 200, "text/plain; charset=utf-8", table
        known = {
            f"{api}list/data_name/emnist_balanced/limit/2/data_version/1": self.listing,
            f"{api}{DATA_ID}": self.description,
            f"{api}features/{DATA_ID}": self.features,
            f"{api}qualities/{DATA_ID}": self.qualities,
        }
        if path in known:
            return 200, "application/json", json.dumps(known[path]()).encode()
        if path.startswith(api):  # OpenML's own way to say that there is none
            return 412, "application/json", b'{"error":{"code":"372","message":"No results"}}'
        return 200, "text/html", b"<!doctype html><title>OpenML</title>"

    def listing(self) -> dict:
        entry = {"did": int(DATA_ID), "name": "EMNIST_Balanced", "version": 1, "status": "active"}
        return {"data": {"dataset": [{**entry, "format": "ARFF", "file_id": int(FILE_ID)}]}}

    def description(self) -> dict:
        return {
            "data_set_description": {
                "id": DATA_ID,
                "name": "EMNIST_Balanced",
                "version": "1",
                "description": "EMNIST, the balanced split",
                "format": "ARFF",
                "upload_date": "2018-03-12T10:49:06",
                "licence": "Public",
                "url": ARFF_URL,
                "file_id": FILE_ID,
                "default_target_attribute": "class",
                "visibility": "public",
                "status": "active",
                "md5_checksum": hashlib.md5(self.table).hexdigest(),
            }
        }

    def features(self) -> dict:
        names = [*(f"pixel{number}" for number in range(1, 785)), "class"]
        return {
            "data_features": {
                "feature": [
                    {
                        "index": str(index),
                        "name": name,
                        "data_type": "nominal" if name == "class" else "numeric",
                        "is_target": "true" if name == "class" else "false",
                        "is_ignore": "false",
                        "is_row_identifier": "false",
                        "number_of_missing_values": "0",
                    }
                    for index, name in enumerate(names)
                ]
            }
        }

    def qualities(self) -> dict:
        rows = self.table.split(b"@DATA\n")[1].count(b"\n")
        values = {"NumberOfClasses": f"{CLASSES}.0", "NumberOfInstances": f"{rows}.0"}
        return {"data_qualities": {"quality": [{"name": k, "value": v} for k, v in values.items()]}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    host = ""

    def do_CONNECT(self) -> None:
        if self.server.openml.fault == "silent":
            self.server.stopping.wait(self.timeout)
        if self.server.openml.fault in ("silent", "dropped"):
            self.close_connection = True
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        self.host = self.path.rpartition(":")[0]
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_HEAD(self) -> None:
        self.reply(*self.server.openml.answer(self.path), body_wanted=False)

    def do_GET(self) -> None:
        self.reply(*self.server.openml.answer(self.path))

    def reply(self, status: int, kind: str, body: bytes, body_wanted: bool = True) -> None:
        openml = self.server.openml
        openml.asked.append(f"{self.command} {self.host}{self.path}")
        if openml.fault == "nonsense":
            self.wfile.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            self.close_connection = True
            return
        if openml.fault == "stalled" and body_wanted:
            self.server.stopping.wait(self.timeout)
            self.close_connection = True
            return
        if openml.fault.startswith("status"):
            status, kind, body = int(openml.fault.split()[1]), "text/html", b"<h1>Sorry</h1>"
        if openml.fault == "portal":
            status, kind, body = 200, "text/html", b"<form>Room number: <input></form>"
        part = {"truncated table": "text/plain", "truncated json": "application/json"}
        is_cut = kind.startswith(part.get(openml.fault, "nothing"))
        is_packed = not is_cut and "gzip" in self.headers.get("Accept-Encoding", "")
        body = gzip.compress(body, 1) if is_packed else body
        if openml.fault == "redirects":
            self.send_response(302)
            self.send_header("Location", f"https://{self.host}{self.path}?again")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        wrong = {"says more": 2 * len(body) + 9, "says less": len(body) // 2, "trickles": 10**9}
        self.send_header("Content-Length", str(wrong.get(openml.fault, len(body))))
        if is_packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        while body_wanted and openml.fault == "trickles" and not self.server.stopping.wait(0.05):
            self.wfile.write(b"x")
        if body_wanted:
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
        self.close_connection = self.close_connection or is_cut or openml.fault in wrong

    def finish(self) -> None:
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.settimeout(2)
            with contextlib.suppress(OSError):  # leave after the client, or it may lose the answer
                self.connection.unwrap()
        for stream in (self.wfile, self.rfile, self.connection):
            with contextlib.suppress(OSError):
                stream.close()

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client may leave at any time: some tests make it do so


class Proxy:
    """Runs `openml` behind an HTTPS proxy on 127.0.0.1, until the `with` block ends."""

    def __init__(self, openml: OpenML, folder: Path) -> None:
        authority = trustme.CA()
        self.openml = openml
        self.authority_file = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority_file))
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.openml = openml
        self._server.stopping = threading.Event()
        self._server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*HOSTS).configure_cert(self._server.tls)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def client_environment(folder: Path, proxy: str, authority_file: Path | None = None) -> dict:
    """The environment of a process that knows no network but `proxy` and no folder but `folder`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("TGAN_LESSONS")
    }
    places = ("HOME", "XDG_CACHE_HOME", "KERAS_HOME", "SCIKIT_LEARN_DATA", "MPLCONFIGDIR")
    added = {place: str(folder / "home") for place in places}
    (folder / "home").mkdir(exist_ok=True)
    added |= {"https_proxy": proxy, "HTTPS_PROXY": proxy, "http_proxy": proxy, "no_proxy": ""}
    added |= {"PYTHONIOENCODING": "utf-8", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    if authority_file is not None:
        added["SSL_CERT_FILE"] = str(authority_file)
    return kept | added


_CLIENT = """
import contextlib, faulthandler, io, json, os, sys, time, traceback

jobs, answers = sys.stdin, os.fdopen(os.dup(1), "w")
for line in jobs:
    job = json.loads(line)
    os.environ["TGAN_LESSONS_DATA"] = job["folder"]
    faulthandler.dump_traceback_later(job["limit"], exit=True)
    said, complained, names = io.StringIO(), io.StringIO(), {}
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            exec(job["before"], names)
            start = time.perf_counter()
            exec(job["code"], names)
        except BaseException:
            traceback.print_exc()
        seconds = time.perf_counter() - start
    faulthandler.cancel_dump_traceback_later()
    answer = {"said": said.getvalue(), "complained": complained.getvalue(), "seconds": seconds}
    print(json.dumps(answer | {"result": names.get("result")}), file=answers, flush=True)
"""


@dataclass
class Outcome:
    """What a job printed to either stream, left in `result`, and how long its `code` took."""

    said: str
    complained: str
    seconds: float
    result: object


class Client:
    """A Python process that runs one job after the other, so that imports are paid for once."""

    def __init__(self, environment: dict) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CLIENT],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, code: str, folder: Path, before: str = "", limit: float = 60) -> Outcome:
        """Runs `before` and `code`; only the second is timed. No longer than `limit` seconds."""
        job = {"folder": str(folder), "code": code, "before": before, "limit": limit}
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()
        end = time.monotonic() + limit + 5
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(end - time.monotonic()):
                raise TimeoutError(f"no answer within {limit} s to: {code}")
        line = self._process.stdout.readline()
        assert line, f"the client ended within {limit} s, at: {code}"
        return Outcome(**json.loads(line))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.kill()
        self._process.wait(10)
        self._process.stdout.close()
