#!/usr/bin/env bash
# Makes crc64.wasm anew from the C beside it. It needs Debian's clang and lld. The result is committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
clang --target=wasm32 -std=c11 -O3 -Wall -Wextra -Werror -ffreestanding -nostdlib -fvisibility=hidden \
  -Wl,--no-entry -Wl,--export-dynamic -Wl,--strip-all -Wl,-z,stack-size=4096 -o crc64.wasm wasm.c slicing.c
chmod 644 crc64.wasm
