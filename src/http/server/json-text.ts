/*
 * What has finished does not change any more. So the text of a finished item of a list is made once and kept as long as the
 * item itself: when a hundred jobs are listed again, only those that move are put into text again.
 */
const texts = new WeakMap<object, string>()

const hasFinished = (item: unknown): item is object =>
  typeof item === 'object' && item !== null && 'finishedAt' in item && item.finishedAt !== null

const textOfItem = (item: unknown): string => {
  if (!hasFinished(item)) return JSON.stringify(item)
  const text = texts.get(item) ?? JSON.stringify(item)
  texts.set(item, text)
  return text
}

const isPage = (
  answer: unknown,
): answer is { readonly items: readonly unknown[]; readonly nextCursor: string | null } =>
  typeof answer === 'object' &&
  answer !== null &&
  Object.keys(answer).length === 2 &&
  'items' in answer &&
  'nextCursor' in answer &&
  Array.isArray(answer.items)

/** Returns the JSON text of an answer. */
export const jsonText = (answer: unknown): string =>
  isPage(answer)
    ? `{"items":[${answer.items.map(textOfItem).join(',')}],"nextCursor":${JSON.stringify(answer.nextCursor)}}`
    : JSON.stringify(answer)
