// These are the engines for x86-64: PCLMULQDQ, and its 256-bit form (VPCLMULQDQ) where the processor has it with AVX2.
#include "crc64.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("pclmul"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("pclmul")
#endif

typedef __m128i block;
static inline block block_load(const uint8_t *bytes) { return _mm_loadu_si128((const __m128i *)bytes); }
static inline block block_of(uint64_t first, uint64_t second) { return _mm_set_epi64x((int64_t)second, (int64_t)first); }
static inline uint64_t block_first(block b) { return (uint64_t)_mm_cvtsi128_si64(b); }
static inline uint64_t block_second(block b) { return (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(b, b)); }
static inline block block_xor(block a, block b) { return _mm_xor_si128(a, b); }
static inline block multiply_first(block a, block b) { return _mm_clmulepi64_si128(a, b, 0x00); }
static inline block multiply_second(block a, block b) { return _mm_clmulepi64_si128(a, b, 0x11); }

#include "folding.h"

#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("pclmul,avx2,vpclmulqdq"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("pclmul,avx2,vpclmulqdq")
#endif

static inline __m256i pair_moved_onto(__m256i moved, __m256i shift, __m256i next) {
  const __m256i first = _mm256_clmulepi64_epi128(moved, shift, 0x00);
  const __m256i second = _mm256_clmulepi64_epi128(moved, shift, 0x11);
  return _mm256_xor_si256(_mm256_xor_si256(first, second), next);
}

static inline __m256i pair_load(const uint8_t *bytes) { return _mm256_loadu_si256((const __m256i *)bytes); }

// Eight pairs of blocks are moved side by side. The rest goes the way of single blocks.
static uint64_t crc64_vpclmul(const struct crc64_context *context, uint64_t crc, const uint8_t *bytes, size_t length) {
  if (length < 512) return crc64_folding(context, crc, bytes, length);
  const __m256i past_16 = _mm256_broadcastsi128_si256(
      _mm_set_epi64x((int64_t)context->past_16_blocks.second, (int64_t)context->past_16_blocks.first));
  const __m256i past_2 = _mm256_broadcastsi128_si256(
      _mm_set_epi64x((int64_t)context->past_2_blocks.second, (int64_t)context->past_2_blocks.first));
  __m256i sums[8];
  for (int i = 0; i < 8; i++) sums[i] = pair_load(bytes + 32 * i);
  sums[0] = _mm256_xor_si256(sums[0], _mm256_set_epi64x(0, 0, 0, (int64_t)crc));
  bytes += 256;
  length -= 256;
  for (; length >= 256; bytes += 256, length -= 256) {
    for (int i = 0; i < 8; i++) sums[i] = pair_moved_onto(sums[i], past_16, pair_load(bytes + 32 * i));
  }
  __m256i pair = sums[0];
  for (int i = 1; i < 8; i++) pair = pair_moved_onto(pair, past_2, sums[i]);
  // The two blocks of the pair are a message of 32 bytes that starts from nothing.
  uint8_t rest[32];
  _mm256_storeu_si256((__m256i *)rest, pair);
  return crc64_folding(context, crc64_slicing(context, 0, rest, 32), bytes, length);
}

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

crc64_engine *crc64_find_pclmul(void) { return __builtin_cpu_supports("pclmul") ? crc64_folding : NULL; }

crc64_engine *crc64_find_vpclmul(void) {
  const int capable =
      __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("vpclmulqdq");
  return capable ? crc64_vpclmul : NULL;
}

#else
crc64_engine *crc64_find_pclmul(void) { return NULL; }
crc64_engine *crc64_find_vpclmul(void) { return NULL; }
#endif
