#!/bin/sh
# Posts a batch line by line, waits for its end and prints the results that are no success:
#   URL=http://127.0.0.1:8787 KEY=… sh examples/clients/batch.sh 1000
set -eu
items="${1:-1000}"
auth="authorization: Bearer $KEY"

# The head, and then one input per line; a key, so that the same command can be sent again if the answer is lost.
batch=$(
  {
    echo "{\"job\": {\"code\": \"export default (n) => { if (n % 400 === 0) throw new Error('no ' + n); return n * n }\"}, \"total\": $items}"
    seq 1 "$items"
  } | curl -sS --fail-with-body "$URL/v1/batches" -H "$auth" -H 'content-type: application/x-ndjson' -H "idempotency-key: squares-$$" -T -  -X POST |
    sed 's/.*"id":"\(bat_[^"]*\)".*/\1/'
)
echo "posted $batch" >&2

# Each request waits up to a minute for the end.
until curl -sS "$URL/v1/batches/$batch?wait=60" -H "$auth" | grep -q '"finishedAt":"'; do :; done
curl -sS "$URL/v1/batches/$batch/results?status=failed" -H "$auth"
