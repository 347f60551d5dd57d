/**
 * Answers as JSON. What has finished does not change any more, so the text of an item of a list is made once for as long as
 * the item itself is kept: a list of a hundred jobs is the same text again, but for those that move.
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

/** The text of an answer. */
export const jsonText = (answer: unknown): string =>
  isPage(answer)
    ? `{"items":[${answer.items.map(textOfItem).join(',')}],"nextCursor":${JSON.stringify(answer.nextCursor)}}`
    : JSON.stringify(answer)
