import { randomBytes } from 'node:crypto'

/** Returns request ids as OSS makes them: 24 upper-case hex digits, each id once. */
export const createRequestIds = (): (() => string) => {
  const prefix = randomBytes(6).toString('hex').toUpperCase()
  let count = 0
  return () => {
    count += 1
    return prefix + count.toString(16).toUpperCase().padStart(12, '0')
  }
}
