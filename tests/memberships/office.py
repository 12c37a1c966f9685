"""A small Stripe over HTTP, on this machine: the library asks it as it asks the real one."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
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
        #: The ids of the invoices that are open, by those of their subscriptions.
        self.open: dict[str, list[str]] = {}
        #: The lines of each long invoice.
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.customers: dict[str, str] = {}
        #: The checkouts, and the subscriptions that were bought there, by their ids.
        self.sessions: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        #: What becomes of a checkout just when somebody would have it expire.
        self.meanwhile: dict[str, Callable[[str], object]] = {}
        self._numbers = count(1)
        #: An error to answer with instead.
        self.status = 200
        #: Customers, prices and subscriptions that it does not know, or knows no more.
        self.missing: set[str] = set()
        #: The schedules that lead subscriptions on, by the ids of those.
        self.schedules: dict[str, str] = {}
        #: The state of the subscriptions.
        self.state = "active"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        return [path for path, _sent, _headers in self.asked]

    def begin_anew(self) -> None:
        """Forget who has bought what."""
        self.customers.clear()
        self.sessions.clear()
        self.subscriptions.clear()
        self.schedules.clear()
        self._numbers = count(1)

    def pay(self, session_id: str, *, status: str = "active") -> str:
        """Go through a checkout, of which nobody is told yet; return the id of what it sells."""
        session = self.sessions[session_id]
        session["status"] = "complete"
        subscription_id = f"sub_of_{session_id}"
        items = [{"id": "si_1", "object": "subscription_item", "price": {"id": session["price"]}}]
        self.subscriptions[subscription_id] = {
            "id": subscription_id,
            "object": "subscription",
            "customer": session["customer"],
            "status": status,
            "items": {"object": "list", "data": items},
        }
        return subscription_id

    def expire(self, session_id: str) -> None:
        self.sessions[session_id]["status"] = "expired"

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
        if path.startswith("POST /v1/subs") and path.rpartition("/")[2] in self.schedules:
            return 400, refused
        if path.endswith("/expire"):
            session_id = path.split("/")[-2]
            meanwhile = self.meanwhile.pop(session_id, None)
            if meanwhile:
                meanwhile(session_id)
            if meanwhile or self.sessions[session_id]["status"] != "open":
                return 400, refused
        return None

    def answer(self, path: str, sent: dict[str, str], key: str) -> dict[str, Any]:
        if path == "GET /v1/invoice_payments":
            invoice = self.invoices.get(sent["payment[payment_intent]"])
            row = {"id": "inpay_1", "object": "invoice_payment", "invoice": invoice}
            return {"object": "list", "data": [row] if invoice else [], "has_more": False}
        if path == "GET /v1/invoices":
            ids = self.open.get(sent["subscription"], [])
            rows = [{"id": name, "object": "invoice"} for name in ids]
            return {"object": "list", "data": rows, "has_more": False}
        if path.endswith("/void"):
            return {"id": path.split("/")[-2], "object": "invoice", "status": "void"}
        if path.endswith("/release"):
            name = path.split("/")[-2]
            self.schedules = {key: of for key, of in self.schedules.items() if of != name}
            return {"id": name, "object": "subscription_schedule", "status": "released"}
        if path.endswith("/lines"):
            lines = self.lines.get(path.split("/")[-2], [])
            return {"object": "list", "data": lines, "has_more": False}
        if path == "POST /v1/customers":
            # As Stripe does for a day: by one key, the same again, whatever has become of it.
            customer = self.customers.setdefault(key, f"cus_{len(self.customers) + 1}")
            return {"id": customer, "object": "customer"}
        if path == "POST /v1/billing_portal/sessions":
            url = "https://billing.stripe.example/bps_1"
            return {"id": "bps_1", "object": "billing_portal.session", "url": url}
        if path.startswith(("GET /v1/checkout", "POST /v1/checkout")):
            return self.checkout(path, sent)
        if path == "GET /v1/subscriptions":
            return _listed(self.subscriptions, customer=sent["customer"])
        schedule = self.schedules.get(path.rpartition("/")[2])
        told = {"id": "sub_1", "object": "subscription", "status": self.state}
        return {**told, "schedule": schedule}

    def checkout(self, path: str, sent: dict[str, str]) -> dict[str, Any]:
        method, _, rest = path.partition(" /v1/checkout/sessions")
        session_id = rest.strip("/").partition("/")[0]
        if session_id:
            if method == "POST":
                self.expire(session_id)
            return self.sessions[session_id]
        if method == "GET":
            return _listed(self.sessions, customer=sent["customer"], status=sent["status"])
        session_id = f"cs_{next(self._numbers)}"
        named = {key: value for key, value in sent.items() if key.startswith("metadata[")}
        self.sessions[session_id] = {
            "id": session_id,
            "object": "checkout.session",
            "url": f"https://checkout.stripe.example/{session_id}",
            "customer": sent["customer"],
            "status": "open",
            "metadata": {key[9:-1]: value for key, value in named.items()},
            "price": sent["line_items[0][price]"],
        }
        return self.sessions[session_id]


def _listed(rows: dict[str, dict[str, Any]], **wanted: str) -> dict[str, Any]:
    """Return the rows that are wanted, the newest first."""
    found = [row for row in [*rows.values()] if wanted.items() <= row.items()]
    return {"object": "list", "data": found[::-1], "has_more": False}


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
