import { setFlagsFromString } from 'node:v8'

/** This is a share of the room that V8 gives the old objects of a thread to grow. */
const percent = 10

/**
 * Makes every thread of the process collect its old garbage early. By itself V8 lets garbage lie until the old objects
 * have grown severalfold: over a long upload a daemon that holds on to 45 MB grew past 250, and thousands of small
 * files left 100 MB behind. Marking is done in small steps. This is called before the threads are started, and V8 looks
 * at the flag each time that it considers collecting. A V8 that does not know the flag says so on stderr and goes on.
 */
export const collectEarly = (): void => setFlagsFromString(`--incremental-marking-soft-trigger=${percent}`)
