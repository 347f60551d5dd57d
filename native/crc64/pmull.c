// This is the engine for 64-bit ARM. PMULL is one of the cryptography instructions that a processor may lack.
#include "crc64.h"

#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__) && \
    (defined(__linux__) || defined(__APPLE__)) && (!defined(__clang__) || __clang_major__ >= 16 || defined(__ARM_FEATURE_AES))
#define HAS_PMULL 1
#endif

#if defined(HAS_PMULL)
#include <arm_neon.h>
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("aes"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("+crypto")
#endif

typedef uint64x2_t block;
static inline block block_load(const uint8_t *bytes) { return vreinterpretq_u64_u8(vld1q_u8(bytes)); }
static inline block block_of(uint64_t first, uint64_t second) { return vcombine_u64(vcreate_u64(first), vcreate_u64(second)); }
static inline uint64_t block_first(block b) { return vgetq_lane_u64(b, 0); }
static inline uint64_t block_second(block b) { return vgetq_lane_u64(b, 1); }
static inline block block_xor(block a, block b) { return veorq_u64(a, b); }
static inline block multiply_first(block a, block b) {
  return vreinterpretq_u64_p128(vmull_p64((poly64_t)block_first(a), (poly64_t)block_first(b)));
}
static inline block multiply_second(block a, block b) {
  return vreinterpretq_u64_p128(vmull_high_p64(vreinterpretq_p64_u64(a), vreinterpretq_p64_u64(b)));
}

#include "folding.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

crc64_engine *crc64_find_pmull(void) {
#if defined(__linux__)
  if (!(getauxval(AT_HWCAP) & HWCAP_PMULL)) return NULL;
#endif
  return crc64_folding;
}

#else
crc64_engine *crc64_find_pmull(void) { return NULL; }
#endif
