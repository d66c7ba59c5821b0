#!/bin/sh
# Has a block of code run with an input of JSON, and prints the answer. Needs curl and base64.
#
#     KEY=… examples/flow/call.sh examples/flow/score.js '{"email":"ada@example.com","visits":[]}'
set -eu
printf '{"codebase64":"%s","input":%s}' "$(base64 < "$1" | tr -d '\n')" "$2" |
  curl -sS "${URL:-http://127.0.0.1:8787}/flow/codeblock" -H "accessToken: $KEY" -H 'content-type: application/json' --data-binary @-
echo
