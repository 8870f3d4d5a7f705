#!/bin/sh
# Sends one order. Needs SLUICE_API_KEY; SLUICE_URL if not http://127.0.0.1:3000.
set -eu

: "${SLUICE_API_KEY:?create one: sluice keys create --name shop --permission ingest}"
url="${SLUICE_URL:-http://127.0.0.1:3000}"
id="${1:-$(date +%s)}"
total="${2:-120}"

curl --silent --show-error --fail-with-body --max-time 10 "$url/api/webhooks/ingest" \
  --header "x-api-key: $SLUICE_API_KEY" \
  --header 'content-type: application/json' \
  --data "{\"eventType\":\"order.created\",\"source\":\"shop\",\"eventId\":\"order-$id\",\"payload\":{\"id\":$id,\"total\":$total}}"
echo
