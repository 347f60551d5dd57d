/** `put` sends files to this target: an object, or a prefix under which each file gets its own name. */
export interface OssUrl {
  readonly bucket: string
  readonly key: string
}

const pattern = /^oss:\/\/([^/]+)(?:\/(.*))?$/s

/**
 * Parses `oss://bucket/key-or-prefix/`, character by character, so that nothing in it is decoded. Returns null when the
 * text is something else.
 */
export const parseOssUrl = (text: string): OssUrl | null => {
  const match = pattern.exec(text)
  return match?.[1] === undefined ? null : { bucket: match[1], key: match[2] ?? '' }
}

/** Returns the key of a file below a prefix. A prefix that is not empty gets its missing `/`. */
export const keyBelow = (prefix: string, relative: string): string =>
  prefix === '' || prefix.endsWith('/') ? prefix + relative : `${prefix}/${relative}`
