#!/bin/sh
# Runs Jest with an addon of artifacts/ on Linux x64, in a clone with a Node of the addon's platform. QEMU runs
# it if that is arm64 (docs/RELEASING.md, "Other kinds of Linux on one machine"):
#
#     node scripts/dynamodb-local.js -- \
#       sh scripts/release/test-emulated.sh linux-arm64-musl /path/to/node contract express
#
# Words after the Node choose the test files, as with Jest.
set -eu
if [ $# -lt 2 ]; then
  echo "Usage: $0 linux-arm64-gnu | linux-x64-musl | linux-arm64-musl /path/to/node [pattern ...]" >&2
  exit 1
fi
platform=$1
node=$(realpath "$2")
shift 2

cpu=${platform#linux-}
cpu=${cpu%-*}
libc=${platform##*-}
if [ "$libc" = gnu ]; then libc=glibc; fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone --quiet . "$folder/clone"
cp "artifacts/dynamo-session-store.$platform.node" "$folder/clone/native/"
mkdir "$folder/bin"
ln -s "$node" "$folder/bin/node"

cd "$folder/clone"
npm ci --ignore-scripts --no-audit --no-fund --os=linux --cpu="$cpu" --libc="$libc"
# Jest's resolver of modules looks at the C library of the machine, not at that of this Node.
for resolver in "$PWD"/node_modules/@unrs/resolver-binding-*/*.node; do
  export NAPI_RS_NATIVE_LIBRARY_PATH="$resolver"
done
# Emulated, a test takes ten times as long.
PATH="$folder/bin:$PATH" node node_modules/jest/bin/jest.js --ci --testTimeout=300000 "$@"
