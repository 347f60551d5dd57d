import { parseBandwidth } from './bandwidth.js'

/** What can be changed while the daemon runs. `bandwidth` is a text that `parseBandwidth` accepts. */
export interface LiveValues {
  /** The number of parts and puts that may be in flight in the daemon. */
  readonly concurrency: number
  readonly bandwidth: string
}

export const mostConcurrency = 1024

/** Null means the value of the environment again; an absent field stays as it is. */
export type LiveChanges = { readonly [Name in keyof LiveValues]?: LiveValues[Name] | null | undefined }

const readers: { readonly [Name in keyof LiveValues]: (text: string) => LiveValues[Name] | null } = {
  concurrency: (text) => (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= mostConcurrency ? Number(text) : null),
  bandwidth: (text) => (parseBandwidth(text) === null ? null : text),
}

/**
 * Returns the settings that the stored texts hold. It leaves out a text that cannot be read, and one whose name it does
 * not know.
 */
export const readLiveValues = (texts: Readonly<Record<string, string>>): Partial<LiveValues> => {
  const read = <Name extends keyof LiveValues>(name: Name): Partial<Pick<LiveValues, Name>> => {
    const value = Object.hasOwn(texts, name) ? readers[name](texts[name] ?? '') : null
    return value === null ? {} : ({ [name]: value } as Pick<LiveValues, Name>)
  }
  return { ...read('concurrency'), ...read('bandwidth') }
}
