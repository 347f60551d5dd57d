/** Ctrl-C was pressed while a command waited. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/**
 * Returns a signal that aborts with Interrupted at the first SIGINT, and a function that gives SIGINT its old meaning
 * back.
 */
export const listenForInterrupt = (): { readonly signal: AbortSignal; release(): void } => {
  const controller = new AbortController()
  const onInterrupt = (): void => controller.abort(new Interrupted('interrupted'))
  // `once` is used so that a second Ctrl-C ends the process the ordinary way.
  process.once('SIGINT', onInterrupt)
  return { signal: controller.signal, release: () => process.removeListener('SIGINT', onInterrupt) }
}
