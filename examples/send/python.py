#!/usr/bin/env python3
"""Sends one order. Needs SLUICE_API_KEY; SLUICE_URL if not http://127.0.0.1:3000."""
import json
import os
import sys
import time
import urllib.error
import urllib.request

key = os.environ.get("SLUICE_API_KEY")
url = os.environ.get("SLUICE_URL", "http://127.0.0.1:3000")
if not key:
    sys.exit("SLUICE_API_KEY is not set: sluice keys create --name shop --permission ingest")

number = int(sys.argv[1]) if len(sys.argv) > 1 else int(time.time())
total = int(sys.argv[2]) if len(sys.argv) > 2 else 120
event = {
    "eventType": "order.created",
    "source": "shop",
    "eventId": f"order-{number}",
    "payload": {"id": number, "total": total},
}
request = urllib.request.Request(
    f"{url}/api/webhooks/ingest",
    data=json.dumps(event).encode(),
    headers={"content-type": "application/json", "x-api-key": key},
)
try:
    with urllib.request.urlopen(request, timeout=10) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as error:
    sys.exit(f"{error.code}: {error.read().decode()}")
except OSError as error:
    sys.exit(f"{url} cannot be reached: {error}")
