/** What this browser remembers of the page between visits: nothing secret. Does without where storage is forbidden. */
export const remember = (name: string, value: unknown): void => {
  try {
    if (value === null) localStorage.removeItem(`longshore.${name}`)
    else localStorage.setItem(`longshore.${name}`, JSON.stringify(value))
  } catch {
    // A convenience only.
  }
}

export const remembered = <T>(name: string): T | null => {
  try {
    return JSON.parse(localStorage.getItem(`longshore.${name}`) ?? 'null') as T | null
  } catch {
    return null
  }
}
