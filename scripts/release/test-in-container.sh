#!/bin/sh
# Runs scripts/release/test.js in an image of Alpine or AlmaLinux, on the DynamoDB of the host:
#
#     node scripts/dynamodb-local.js -- sh scripts/release/test-in-container.sh node:20-alpine
set -eu
case "$1" in
  node:*-alpine) install='apk add --no-cache git tar' ;;
  almalinux:8) install='dnf --assumeyes module install nodejs:20 && dnf --assumeyes install git tar' ;;
  *) echo "Usage: $0 node:<version>-alpine | almalinux:8" >&2; exit 1 ;;
esac
exec docker run --rm --network host --env DYNAMODB_ENDPOINT --volume "$PWD:/work" --workdir /work "$1" \
  sh -euc "$install && git config --global --add safe.directory /work && node scripts/release/test.js"
