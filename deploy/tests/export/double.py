"""A small S3 and CloudFront that is not moto, as strict as simple servers are, and that fails when told to.

It knows what the command needs and no more: whatever else is asked of it is an error.
"""

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

KEPT = ("Content-Type", "Cache-Control", "Content-Encoding")
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass
class Stored:
    """An object and the headers it is served with."""

    body: bytes
    headers: dict[str, str]

    @property
    def etag(self) -> str:
        return hashlib.md5(self.body, usedforsecurity=False).hexdigest()


@dataclass
class Double:
    """What the server knows, what was asked of it, and how it fails."""

    buckets: dict[str, dict[str, Stored]] = field(default_factory=lambda: {"bucket": {}})
    cors: dict[str, bytes] = field(default_factory=dict)
    distributions: dict[str, str] = field(default_factory=lambda: {"EDIST": ""})
    invalidations: list[list[str]] = field(default_factory=list)
    # How often it says that an invalidation goes on.
    busy: int = 1
    page_size: int = 5
    # Whether objects say of themselves what their writer said of them.
    keeps_metadata: bool = True
    etags: Callable[[Stored], str] = field(default=lambda stored: stored.etag)
    asked: list[tuple[str, str]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    # Called with the method and the key, or what is asked of the bucket; says how to fail (`Handler.fail`).
    fault: Callable[[str, str], str | None] = field(default=lambda _method, _key: None)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Double":
        handler = type("BoundHandler", (Handler,), {"double": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_what: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def objects(self) -> dict[str, Stored]:
        return self.buckets["bucket"]

    def count(self, *methods: str) -> int:
        return sum(method in methods for method, _key in self.asked)

    def forget(self) -> None:
        self.asked.clear()
        self.written.clear()
        self.invalidations.clear()


class Handler(BaseHTTPRequestHandler):
    """One request. S3 with the bucket in the path; `/site/` is the bucket as visitors see it."""

    protocol_version = "HTTP/1.1"
    double: Double

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.path.startswith("/site/"):
            return self.visit(unquote(parts.path.removeprefix("/site/")))
        key = unquote(parts.path.removeprefix("/").partition("/")[2])
        label = key or parts.query.partition("=")[0]
        with self.double.lock:
            self.double.asked.append((self.command, label))
        fault = self.double.fault(self.command, label)
        if fault and self.fail(fault):
            return None
        if "AWS4-HMAC-SHA256" not in self.headers.get("Authorization", ""):
            return self.refuse(403, "AccessDenied")
        chunked = self.headers.get("x-amz-content-sha256", "").startswith("STREAMING")
        # Of the rules of a bucket S3 itself wants one.
        if chunked or (key and any(name.lower().startswith("x-amz-checksum") for name in self.headers)):
            return self.refuse(501, "NotImplemented")
        if parts.path.startswith("/2020-05-31/"):
            return self.cloudfront(parts.path.split("/")[2:], body)
        bucket = self.double.buckets.get(unquote(parts.path.split("/")[1]))
        if bucket is None:
            return self.refuse(404, "NoSuchBucket")
        return self.of_bucket(bucket, query, body) if not key else self.of_object(bucket, key, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any  # noqa: N815

    def fail(self, fault: str) -> bool:
        """Fail in the way that is asked for; returns whether that was the answer."""
        if fault == "reset":
            self.connection.shutdown(2)
            self.close_connection = True
        elif fault == "slow":
            time.sleep(0.3)
            return False
        elif fault == "garbage":
            self.answer(200, b"<html>Sign in to the hotel's network")
        elif fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b"<?xml")
            self.close_connection = True
        else:
            codes = {"403": "AccessDenied", "500": "InternalError", "503": "SlowDown"}
            self.refuse(int(fault), codes[fault])
        return True

    def of_bucket(self, bucket: dict[str, Stored], query: dict[str, str], body: bytes) -> None:
        name = "bucket"
        if "cors" in query:
            if self.command == "PUT":
                # S3 wants to be sure of this one.
                md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
                if self.headers.get("Content-MD5") not in (None, md5):
                    return self.refuse(400, "BadDigest")
                self.double.cors[name] = body
                return self.answer(200, b"")
            if self.command == "DELETE":
                self.double.cors.pop(name, None)
                return self.answer(204, b"")
            found = self.double.cors.get(name)
            return self.answer(200, found) if found else self.refuse(404, "NoSuchCORSConfiguration")
        if "versioning" in query:
            return self.answer(200, f"{XML}<VersioningConfiguration/>".encode())
        if query.get("list-type") != "2":
            return self.refuse(501, "NotImplemented")
        keys = sorted(key for key in bucket if key.startswith(query.get("prefix", "")))
        begin = int(query.get("continuation-token", "0"))
        page = keys[begin : begin + self.double.page_size]
        more = begin + self.double.page_size < len(keys)
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(bucket[key].body)}</Size>"
            f"<ETag>&quot;{self.double.etags(bucket[key])}&quot;</ETag></Contents>"
            for key in page
        )
        after = (
            f"<NextContinuationToken>{begin + self.double.page_size}</NextContinuationToken>" if more else ""
        )
        truncated = str(more).lower()
        text = (
            f"{XML}<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{rows}{after}</ListBucketResult>"
        )
        return self.answer(200, text.encode())

    def of_object(self, bucket: dict[str, Stored], key: str, body: bytes) -> None:
        if self.command == "PUT":
            md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
            # As a bucket with locks wants it.
            if self.headers.get("Content-MD5") != md5:
                return self.refuse(400, "BadDigest")
            own = [name for name in self.headers if name.lower().startswith("x-amz-meta-")]
            names = [*KEPT, *(own if self.double.keeps_metadata else ())]
            headers = {name: self.headers[name] for name in names if self.headers.get(name)}
            with self.double.lock:
                bucket[key] = Stored(body, headers)
                self.double.written.append(key)
            return self.answer(200, b"", ETag=f'"{self.double.etags(bucket[key])}"')
        if self.command == "DELETE":
            bucket.pop(key, None)
            return self.answer(204, b"")
        stored = bucket.get(key)
        if stored is None:
            return self.refuse(404, "NoSuchKey")
        return self.answer(200, stored.body, ETag=f'"{self.double.etags(stored)}"', **stored.headers)

    def cloudfront(self, path: list[str], body: bytes) -> None:
        origin = self.double.distributions.get(path[1])
        if origin is None:
            return self.refuse(404, "NoSuchDistribution")
        if len(path) == 2:
            item = f"<DomainName>bucket.s3.example</DomainName><OriginPath>{origin}</OriginPath>"
            items = f"<Items><Origin>{item}</Origin></Items>"
            config = f"<DistributionConfig><Origins>{items}</Origins></DistributionConfig>"
            domain = f"<DomainName>127.0.0.1:{self.double.server.server_port}</DomainName>"
            return self.answer(200, f"{XML}<Distribution>{domain}{config}</Distribution>".encode())
        status = "InProgress"
        if self.command == "POST":
            paths = [part.partition("</Path>")[0] for part in body.decode().split("<Path>")[1:]]
            self.double.invalidations.append(paths)
            self.polls = 0
        else:
            self.double.busy -= 1
            status = "COMPLETED" if self.double.busy < 0 else status
        text = f"{XML}<Invalidation><Id>I1</Id><Status>{status}</Status></Invalidation>"
        return self.answer(201 if self.command == "POST" else 200, text.encode())

    def visit(self, key: str) -> None:
        stored = self.double.objects.get(key)
        if stored is None:
            return self.answer(404, b"")
        cors: Any = {"Access-Control-Allow-Origin": "*"} if self.double.cors else {}
        return self.answer(200, stored.body, **stored.headers, **cors)

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, f"{XML}<Error><Code>{code}</Code><Message>No.</Message></Error>".encode())

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_what: object) -> None:
        pass
