#!/bin/sh
# Uploads one file and waits for the proof. Needs curl and jq.
#
#   ./upload.sh /srv/in/a.bin media dir/a.bin
#
# Exit 0: the object is in OSS, proven; 1: refused or failed, and stderr says why. LONGSHORE_URL and LONGSHORE_TOKEN say where.
set -eu

file=$1 bucket=$2 key=$3
url=${LONGSHORE_URL:-http://127.0.0.1:8484}
body=$(jq -n --arg path "$file" --arg bucket "$bucket" --arg key "$key" \
  '{source: {path: $path}, target: {bucket: $bucket, key: $key}}')
# The same key for every try: however often this is sent, one job is made.
idempotency_key=$(printf '%s' "$body$(date +%s)$$" | cksum | tr -d ' ')

# ask METHOD PATH [BODY]: prints the answer; tries again while the daemon is away, draining or busy.
ask() {
  tries=0
  while :; do
    answer=$(curl -sS -X "$1" "$url$2" -w '\n%{http_code}' \
      ${LONGSHORE_TOKEN:+-H "Authorization: Bearer $LONGSHORE_TOKEN"} \
      ${3:+-H 'Content-Type: application/json' -H "Idempotency-Key: $idempotency_key" --data "$3"}) || answer='
000'
    status=${answer##*
}
    answer=${answer%
*}
    case $status in
      2??) printf '%s\n' "$answer"; return ;;
      000 | 429 | 502 | 503 | 504) tries=$((tries + 1)); [ "$tries" -lt 5 ] && sleep 1 && continue ;;
    esac
    # A refusal is a problem document: a code for programs, a sentence for people.
    printf '%s' "$answer" | jq -r '"\(.code): \(.detail // .title)"' >&2 || echo "no answer from $url ($status)" >&2
    exit 1
  done
}

job=$(ask POST /v1/jobs "$body")
while [ "$(printf '%s' "$job" | jq '.finishedAt')" = null ]; do
  job=$(ask GET "/v1/jobs/$(printf '%s' "$job" | jq -r .id)?wait=30s")
done
if [ "$(printf '%s' "$job" | jq -r .state)" != completed ]; then
  printf '%s' "$job" | jq -r '"\(.state): \(.error.code // "") \(.error.message // "")"' >&2
  exit 1
fi
printf '%s' "$job" | jq -r '"\(.receipt.size) bytes, CRC-64 \(.receipt.crc64), ETag \(.receipt.etag)"'
