/** The life of a process that a test kills: what it calls afterwards gets no answer. */
export interface Life {
  readonly isOver: () => boolean
  /** Resolves when the process is killed: a test that waits for an answer of it asks the next one. */
  readonly ended: Promise<null>
  end(): void
}

export const createLife = (): Life => {
  let over = false
  let tell = (): void => {}
  const ended = new Promise<null>((resolve) => {
    tell = () => resolve(null)
  })
  return {
    isOver: () => over,
    ended,
    end() {
      over = true
      tell()
    },
  }
}
