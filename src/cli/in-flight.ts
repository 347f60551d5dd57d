/** Runs `work` for every item, at most `limit` at a time. After the first error no more items are taken; it is thrown. */
export const forEachInFlight = async <T>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const iterator = items[Symbol.asyncIterator]()
  let failed = false
  const runOne = async (): Promise<void> => {
    while (!failed) {
      const next = await iterator.next()
      if (next.done) return
      await work(next.value).catch((error: unknown) => {
        failed = true
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: limit }, runOne))
}
