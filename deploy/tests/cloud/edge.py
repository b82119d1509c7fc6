"""CloudFront and the load balancer, which the emulator has on paper only: requests go where that says."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import ClientError

# AWS's own policy that hands on all that a browser has sent.
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade"}
Answer = tuple[int, Mapping[str, str], bytes]


class Edge:
    """One distribution and the balancer behind it; `task` is the address of the task that serves."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self.client = client
        self.task = ""

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Answer what somebody asks of CloudFront by https."""
        config = self._distribution(headers["Host"])
        ours = (one for one in config["CacheBehaviors"]["Items"] if fnmatchcase(path, one["PathPattern"]))
        behaviour = next(ours, config["DefaultCacheBehavior"])
        origins = {origin["Id"]: origin for origin in config["Origins"]["Items"]}
        origin = origins[behaviour["TargetOriginId"]]
        if ".s3." in origin["DomainName"]:
            return self._from_bucket(origin["DomainName"].partition(".s3.")[0], path)
        kept = behaviour.get("OriginRequestPolicyId") == ALL_VIEWER
        sent = dict(headers) if kept else {"Host": origin["DomainName"]}
        own = {one["HeaderName"]: one["HeaderValue"] for one in origin["CustomHeaders"].get("Items", [])}
        return self._through_balancer(origin, path, {**sent, **own, "X-Forwarded-For": "192.0.2.1"})

    def _distribution(self, host: str) -> Any:
        cloudfront = self.client("cloudfront")
        found = cloudfront.list_distributions()["DistributionList"].get("Items", [])
        [id] = [one["Id"] for one in found if one["DomainName"] == host]
        return cloudfront.get_distribution_config(Id=id)["DistributionConfig"]

    def _from_bucket(self, bucket: str, path: str) -> Answer:
        try:
            found = self.client("s3").get_object(Bucket=bucket, Key=path.removeprefix("/"))
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"], {}, b""
        told = {"Content-Type": "ContentType", "Cache-Control": "CacheControl"}
        return 200, {header: found[key] for header, key in told.items()}, found["Body"].read()

    def _through_balancer(self, origin: Any, path: str, headers: dict[str, str]) -> Answer:
        balancers = self.client("elbv2")
        found = balancers.describe_load_balancers()["LoadBalancers"]
        [balancer] = [one for one in found if one["DNSName"] == origin["DomainName"]]
        listeners = balancers.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        port = origin["CustomOriginConfig"]["HTTPPort"]
        [listener] = [one for one in listeners if (one["Port"], one["Protocol"]) == (port, "HTTP")]
        rules = balancers.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        action = next(rule["Actions"][0] for rule in rules if _applies(rule, headers))
        if action["Type"] != "forward":
            return int(action["FixedResponseConfig"]["StatusCode"]), {}, b""
        last = {"X-Forwarded-Proto": "http", "X-Forwarded-For": f"{headers['X-Forwarded-For']}, 192.0.2.2"}
        connection = HTTPConnection(self.task, timeout=60)
        try:
            connection.request("GET", path, headers={**headers, **last})
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            connection.close()


def _applies(rule: Any, headers: Mapping[str, str]) -> bool:
    asked = [condition["HttpHeaderConfig"] for condition in rule["Conditions"]]
    return all(headers.get(one["HttpHeaderName"]) in one["Values"] for one in asked)


@contextmanager
def serving(edge: Edge) -> Iterator[str]:
    """Serve it by plain HTTP on this machine; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = edge.answer(self.path, {**self.headers})
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in (*_HOP, "content-length", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
