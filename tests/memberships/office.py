"""A small Stripe over HTTP, on this machine: the library asks it as it asks the real one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe


class Office(ThreadingHTTPServer):
    """It notes what it was asked, and answers with what a test has laid down."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Clerk)
        #: Method and path, what was sent, and the headers.
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        #: The invoice of each payment intent.
        self.invoices: dict[str, dict[str, Any]] = {}
        #: The lines of each long invoice.
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.customers: dict[str, str] = {}
        #: An error to answer with instead.
        self.status = 200
        #: Customers, prices and subscriptions that it does not know, or knows no more.
        self.missing: set[str] = set()
        #: The state of the subscriptions.
        self.state = "active"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        return [path for path, _sent, _headers in self.asked]

    def refusal(self, path: str, sent: dict[str, str]) -> tuple[int, dict[str, str]] | None:
        """Return the status and the error that it answers with, None where it does as asked."""
        message = {"message": "Not now, sk_test_of_the_tests."}
        if self.status != 200:
            return self.status, {"type": "api_error", **message}
        refused = {"type": "invalid_request_error", **message}
        for param in ("customer", "line_items[0][price]"):
            if sent.get(param) in self.missing:
                return 400, {**refused, "code": "resource_missing", "param": param}
        if path.rpartition("/")[2] in self.missing:
            return 404, {**refused, "code": "resource_missing", "param": "id"}
        if self.state == "canceled" and path.startswith(("POST /v1/subs", "DELETE /v1/subs")):
            return 400, refused
        return None

    def answer(self, path: str, sent: dict[str, str], key: str) -> dict[str, Any]:
        if path == "GET /v1/invoice_payments":
            invoice = self.invoices.get(sent["payment[payment_intent]"])
            row = {"id": "inpay_1", "object": "invoice_payment", "invoice": invoice}
            return {"object": "list", "data": [row] if invoice else [], "has_more": False}
        if path.endswith("/lines"):
            lines = self.lines.get(path.split("/")[-2], [])
            return {"object": "list", "data": lines, "has_more": False}
        if path == "POST /v1/customers":
            # As Stripe does for a day: by one key, the same again, whatever has become of it.
            customer = self.customers.setdefault(key, f"cus_{len(self.customers) + 1}")
            return {"id": customer, "object": "customer"}
        return {
            "POST /v1/checkout/sessions": {
                "id": "cs_1",
                "object": "checkout.session",
                "url": "https://checkout.stripe.example/cs_1",
            },
            "POST /v1/billing_portal/sessions": {
                "id": "bps_1",
                "object": "billing_portal.session",
                "url": "https://billing.stripe.example/bps_1",
            },
        }.get(path, {"id": "sub_1", "object": "subscription", "status": self.state})


class _Clerk(BaseHTTPRequestHandler):
    server: Office

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        sent = dict(parse_qsl(parts.query) + parse_qsl(self.rfile.read(length).decode()))
        path = f"{self.command} {parts.path}"
        self.server.asked.append((path, sent, dict(self.headers)))
        refusal = self.server.refusal(path, sent)
        status, error = refusal or (200, None)
        key = self.headers.get("Idempotency-Key", "")
        told = {"error": error} if error else self.server.answer(path, sent, key)
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE = do_POST  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


def serve(office: Office) -> Office:
    """Let an office answer until the process ends, or it is shut down."""
    Thread(target=office.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return office


@contextmanager
def open_office() -> Iterator[Office]:
    """Lead the library to an office of our own."""
    office, before = serve(Office()), stripe.api_base
    stripe.api_base = office.url
    try:
        yield office
    finally:
        stripe.api_base = before
        office.shutdown()
        office.server_close()
