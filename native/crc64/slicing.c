#include "crc64.h"

// Bit 63 stands for x^0, so multiplying by x shifts to the right.
static uint64_t times_x(uint64_t value) { return (value >> 1) ^ (value & 1 ? CRC64_POLYNOMIAL : 0); }

static uint64_t power_of_x(unsigned exponent) {
  uint64_t power = UINT64_C(1) << 63;
  while (exponent-- > 0) power = times_x(power);
  return power;
}

// In this bit order a carry-less product of two 64-bit values comes out one power of x too high, hence 63 and -1.
static struct crc64_shift shift_past(unsigned blocks) {
  const struct crc64_shift shift = {power_of_x(blocks * 128 + 63), power_of_x(blocks * 128 - 1)};
  return shift;
}

static uint64_t quotient_of_x128(void) {
  uint64_t quotient = 0;
  uint64_t rest = CRC64_POLYNOMIAL;
  for (int bit = 0; bit < 64; bit++) {
    quotient |= (rest & 1) << bit;
    rest = times_x(rest);
  }
  return quotient;
}

void crc64_prepare(struct crc64_context *context) {
  for (unsigned byte = 0; byte < 256; byte++) {
    uint64_t crc = byte;
    for (int slice = 0; slice < CRC64_SLICES; slice++) {
      for (int bit = 0; bit < 8; bit++) crc = times_x(crc);
      context->slices[slice][byte] = crc;
    }
  }
  context->past_16_blocks = shift_past(16);
  context->past_8_blocks = shift_past(8);
  context->past_2_blocks = shift_past(2);
  context->past_1_block = shift_past(1);
  context->quotient = quotient_of_x128();
}

// Loads little-endian whatever the machine is. Compilers make one load of it where they can.
static uint64_t load(const uint8_t *bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

// Returns the lookups of eight bytes. The last of them is `slice` bytes away from where the crc will stand.
static uint64_t look_up(const struct crc64_context *context, uint64_t word, int slice) {
  uint64_t crc = 0;
  for (int i = 0; i < 8; i++) crc ^= context->slices[slice + 7 - i][word >> (8 * i) & 0xff];
  return crc;
}

uint64_t crc64_slicing(const struct crc64_context *context, uint64_t crc, const uint8_t *bytes, size_t length) {
  for (; length >= 16; bytes += 16, length -= 16) {
    crc = look_up(context, crc ^ load(bytes), 8) ^ look_up(context, load(bytes + 8), 0);
  }
  for (; length > 0; bytes++, length--) crc = context->slices[0][(crc ^ *bytes) & 0xff] ^ crc >> 8;
  return crc;
}
