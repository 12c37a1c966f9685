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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        return [path for path, _sent, _headers in self.asked]

    def answer(self, path: str, sent: dict[str, str]) -> dict[str, Any]:
        if path == "GET /v1/invoice_payments":
            invoice = self.invoices.get(sent["payment[payment_intent]"])
            row = {"id": "inpay_1", "object": "invoice_payment", "invoice": invoice}
            return {"object": "list", "data": [row] if invoice else [], "has_more": False}
        if path.endswith("/lines"):
            lines = self.lines.get(path.split("/")[-2], [])
            return {"object": "list", "data": lines, "has_more": False}
        # As Stripe does: whoever asks again for the same gets the same.
        customer = self.customers.setdefault(str(sent), f"cus_{len(self.customers) + 1}")
        return {
            "POST /v1/customers": {"id": customer, "object": "customer"},
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
        }.get(path, {"id": "sub_1", "object": "subscription"})


class _Clerk(BaseHTTPRequestHandler):
    server: Office

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        sent = dict(parse_qsl(parts.query) + parse_qsl(self.rfile.read(length).decode()))
        path = f"{self.command} {parts.path}"
        self.server.asked.append((path, sent, dict(self.headers)))
        status = self.server.status
        error = {"error": {"type": "api_error", "message": "Not now, sk_test_of_the_tests."}}
        body = json.dumps(self.server.answer(path, sent) if status == 200 else error).encode()
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
