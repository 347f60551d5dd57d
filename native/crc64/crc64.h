// This is CRC-64/XZ (poly 0x42F0E1EBA9EA3693 reflected), the checksum that OSS answers as `x-oss-hash-crc64ecma`.
//
// Every engine below takes the running register (all ones before the first byte; the checksum is its complement) and
// returns the register behind `length` more bytes. They differ in speed only. Nothing is global: what an engine needs
// to know is in a context that is filled once and only read afterwards, so any number of threads may have their own
// context or share one.
#ifndef LONGSHORE_CRC64_H
#define LONGSHORE_CRC64_H

#include <stddef.h>
#include <stdint.h>

#define CRC64_POLYNOMIAL UINT64_C(0xC96C5795D7870F42)
#define CRC64_SLICES 16

// These factors move the two halves of a 128-bit block past the bits that follow it: x^(distance + 63) for the half
// that comes first, and x^(distance - 1) for the other, both modulo the polynomial.
struct crc64_shift {
  uint64_t first;
  uint64_t second;
};

struct crc64_context {
  uint64_t slices[CRC64_SLICES][256];
  struct crc64_shift past_16_blocks;
  struct crc64_shift past_8_blocks;
  struct crc64_shift past_2_blocks;
  struct crc64_shift past_1_block;
  // This is x^128 divided by the polynomial, without its leading x^64.
  uint64_t quotient;
};

typedef uint64_t crc64_engine(const struct crc64_context *context, uint64_t crc, const uint8_t *bytes, size_t length);

void crc64_prepare(struct crc64_context *context);

// This engine makes sixteen table lookups for sixteen bytes, and runs everywhere.
crc64_engine crc64_slicing;

// These engines use carry-less multiplication. Each is NULL where this build or this processor cannot run it.
crc64_engine *crc64_find_pclmul(void);
crc64_engine *crc64_find_vpclmul(void);
crc64_engine *crc64_find_pmull(void);

#endif
