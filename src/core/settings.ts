import { parseBandwidth } from './bandwidth.js'

/** What can be changed while the daemon runs. `bandwidth` is text as `parseBandwidth` takes it. */
export interface LiveValues {
  /** Parts and puts in flight in the daemon. */
  readonly concurrency: number
  readonly bandwidth: string
}

export const mostConcurrency = 1024

/** Null: back to what the environment says; absent: as it is. */
export type LiveChanges = { readonly [Name in keyof LiveValues]?: LiveValues[Name] | null | undefined }

const readers: { readonly [Name in keyof LiveValues]: (text: string) => LiveValues[Name] | null } = {
  concurrency: (text) => (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= mostConcurrency ? Number(text) : null),
  bandwidth: (text) => (parseBandwidth(text) === null ? null : text),
}

/** What stored texts say; one that cannot be read, or that is nobody's, is left out. */
export const readLiveValues = (texts: Readonly<Record<string, string>>): Partial<LiveValues> => {
  const read = <Name extends keyof LiveValues>(name: Name): Partial<Pick<LiveValues, Name>> => {
    const value = Object.hasOwn(texts, name) ? readers[name](texts[name] ?? '') : null
    return value === null ? {} : ({ [name]: value } as Pick<LiveValues, Name>)
  }
  return { ...read('concurrency'), ...read('bandwidth') }
}
