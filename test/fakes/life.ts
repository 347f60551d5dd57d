/** This is the life of a process that a test kills. What the process calls afterwards gets no answer. */
export interface Life {
  readonly isOver: () => boolean
  /**
   * This resolves when the process is killed. A test that waits for an answer of this process then asks the next one.
   */
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
