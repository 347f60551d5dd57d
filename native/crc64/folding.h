// This is CRC-64 by carry-less multiplication, written once for every machine that has it. A file that includes this
// defines before:
//
//   block                          128 bits, the first byte of the message in the lowest
//   block_load(bytes)              a block from bytes of any alignment
//   block_of(first, second)        a block from two 64-bit halves
//   block_first/second(block)      its halves
//   block_xor(a, b)
//   multiply_first/second(a, b)    the 128-bit carry-less product of the first, or second, halves
//
// The message is a polynomial, and its first bit is the highest power. A block that lies `n` bits before another may be
// replaced by itself times x^n, reduced to the width of a block, and added to that other block. So eight blocks side by
// side are moved past the next eight, again and again, and the last one is reduced to 64 bits by Barrett's method.

static inline block moved_onto(block moved, block shift, block next) {
  return block_xor(block_xor(multiply_first(moved, shift), multiply_second(moved, shift)), next);
}

static inline block block_of_shift(struct crc64_shift shift) { return block_of(shift.first, shift.second); }

// Returns the register that a block leaves behind: the block times x^64, modulo the polynomial.
static inline uint64_t reduced(const struct crc64_context *context, block last) {
  // The first half is multiplied by x^128 and added to the second half times x^64.
  const block x127 = block_of(context->past_1_block.second, 0);
  const block wide = block_xor(multiply_first(last, x127), block_of(block_second(last), 0));
  const uint64_t high = block_first(wide);
  const block estimate = multiply_first(block_of(high, 0), block_of(context->quotient, 0));
  const uint64_t quotient = high ^ block_first(estimate) << 1;
  const block product = multiply_first(block_of(quotient, 0), block_of(CRC64_POLYNOMIAL, 0));
  return block_second(wide) ^ (block_second(product) << 1 | block_first(product) >> 63);
}

// Returns the register behind `sum` and the bytes that follow it, which are fewer than the wide loop takes.
static inline uint64_t finished(const struct crc64_context *context, block sum, const uint8_t *bytes, size_t length) {
  const block past_1 = block_of_shift(context->past_1_block);
  for (; length >= 16; bytes += 16, length -= 16) sum = moved_onto(sum, past_1, block_load(bytes));
  return crc64_slicing(context, reduced(context, sum), bytes, length);
}

static uint64_t crc64_folding(const struct crc64_context *context, uint64_t crc, const uint8_t *bytes, size_t length) {
  if (length < 128) return crc64_slicing(context, crc, bytes, length);
  const block past_8 = block_of_shift(context->past_8_blocks);
  const block past_1 = block_of_shift(context->past_1_block);
  block sums[8];
  for (int i = 0; i < 8; i++) sums[i] = block_load(bytes + 16 * i);
  sums[0] = block_xor(sums[0], block_of(crc, 0));
  bytes += 128;
  length -= 128;
  for (; length >= 128; bytes += 128, length -= 128) {
    for (int i = 0; i < 8; i++) sums[i] = moved_onto(sums[i], past_8, block_load(bytes + 16 * i));
  }
  block sum = sums[0];
  for (int i = 1; i < 8; i++) sum = moved_onto(sum, past_1, sums[i]);
  return finished(context, sum, bytes, length);
}
