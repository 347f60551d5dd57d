// This is the portable engine for WebAssembly, which is used where no addon could be compiled. Bytes are copied to
// `crc64_input`. The register lies in `crc64_registers`, low half first, as in the addon.
#include "crc64.h"

#define INPUT_BYTES 65536
#define EXPORT __attribute__((visibility("default")))

static struct crc64_context context;
static uint32_t registers[2];
static uint8_t input[INPUT_BYTES];

EXPORT uint32_t *crc64_registers(void) { return registers; }
EXPORT uint8_t *crc64_input(void) { return input; }
EXPORT uint32_t crc64_input_bytes(void) { return INPUT_BYTES; }
EXPORT void crc64_start(void) { crc64_prepare(&context); }

EXPORT void crc64_fold(uint32_t length) {
  const uint64_t before = (uint64_t)registers[1] << 32 | registers[0];
  const uint64_t behind = crc64_slicing(&context, before, input, length);
  registers[0] = (uint32_t)behind;
  registers[1] = (uint32_t)(behind >> 32);
}
