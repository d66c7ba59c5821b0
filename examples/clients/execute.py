"""Runs code in a Batchbox service and prints its answer. Needs nothing but Python.

    KEY=… python3 examples/clients/execute.py examples/execute/hello.json
"""
import json
import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("URL", "http://127.0.0.1:8787")
KEY = os.environ["KEY"]


def execute(request):
    """Posts one request to /execute; returns the HTTP status and the answer."""
    body = json.dumps(request).encode()
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{URL}/execute", body, headers)) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:  # a refusal is an answer too
        return error.code, json.load(error)


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            example = json.load(file)
        status, answer = execute(example["request"])
        print(json.dumps({"status": status, "answer": answer}))


main()
