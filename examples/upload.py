#!/usr/bin/env python3
"""Uploads one file and waits for the proof. Nothing but the standard library.

    ./upload.py /srv/in/a.bin media dir/a.bin

Exit 0: the object is in OSS, proven; 1: refused or failed, and stderr says why. LONGSHORE_URL and LONGSHORE_TOKEN say where.
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("LONGSHORE_URL", "http://127.0.0.1:8484")
TRIES = 5


class Refused(Exception):
    """The daemon said no: a code for programs, a sentence for people."""

    def __init__(self, problem):
        super().__init__(f"{problem.get('code')}: {problem.get('detail') or problem.get('title')}")


def ask(method, path, body=None, headers=None):
    """The JSON of an answer. Tries again while the daemon is away, draining or busy."""
    headers = {"Accept": "application/json", **(headers or {})}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if token := os.environ.get("LONGSHORE_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    for tries_left in reversed(range(TRIES)):
        request = urllib.request.Request(URL + path, data=data, headers=headers, method=method)
        try:
            # Longer than the longest wait that the daemon grants.
            with urllib.request.urlopen(request, timeout=75) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 502, 503, 504) or tries_left == 0:
                raise Refused(json.load(error)) from None
            time.sleep(float(error.headers.get("Retry-After") or 1))
        except OSError:
            if tries_left == 0:
                raise
            time.sleep(1)


def upload(path, bucket, key):
    """The settled job."""
    request = {"source": {"path": path}, "target": {"bucket": bucket, "key": key}}
    # The same key for every try: however often this is sent, one job is made.
    job = ask("POST", "/v1/jobs", request, {"Idempotency-Key": str(uuid.uuid4())})
    while job["finishedAt"] is None:
        job = ask("GET", f"/v1/jobs/{job['id']}?wait=30s")
    return job


def main():
    try:
        job = upload(*sys.argv[1:4])
    except Refused as refusal:
        sys.exit(str(refusal))
    except OSError as error:
        sys.exit(f"no answer from {URL}: {error}")
    if job["state"] != "completed":
        error = job["error"] or {}
        sys.exit(f"{job['state']}: {error.get('code', '')} {error.get('message', '')}")
    receipt = job["receipt"]
    print(f"{receipt['size']} bytes, CRC-64 {receipt['crc64']}, ETag {receipt['etag']}")


if __name__ == "__main__":
    main()
