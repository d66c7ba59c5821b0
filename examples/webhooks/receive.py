"""Receives webhooks of a Batchbox service and prints each event once. Needs nothing but Python.

    SECRET=whsec_… PORT=8080 python3 examples/webhooks/receive.py
"""
import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["SECRET"]
PORT = int(os.environ.get("PORT", "8080"))
TOLERANCE_SECONDS = 300  # older deliveries are refused: somebody may have kept one to send it again
BODY_MAX_BYTES = 1_048_576
if not SECRET.startswith("whsec_"):
    raise SystemExit("Cannot tell what is genuine: set SECRET to the secret of the endpoint, whsec_…")

# Ids of events that were handled. Keep them in your database, in the transaction that handles the event.
handled = set()


def is_genuine(headers, body, secret):
    """Tells whether a delivery was signed with the secret, and not long ago. The body is what came, byte for byte."""
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    # While a secret is rotated there are several signatures, and one that fits is enough.
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(each.encode(), expected.encode()) for each in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        size = int(self.headers.get("content-length", 0))
        if not 0 <= size <= BODY_MAX_BYTES:
            return self.answer(413)
        body = self.rfile.read(size)
        if not is_genuine(self.headers, body, SECRET):
            return self.answer(401)
        event_id = self.headers["webhook-id"]
        if event_id not in handled:  # if it was, say so as well, or it comes again
            handled.add(event_id)
            print(json.dumps({"id": event_id, **json.loads(body)}), flush=True)
        return self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
print(json.dumps({"listening": f"http://127.0.0.1:{server.server_port}/"}), flush=True)
server.serve_forever()
