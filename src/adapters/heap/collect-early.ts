import { setFlagsFromString } from 'node:v8'

/** Of the room that V8 gives the old objects of a thread to grow. */
const percent = 10

/**
 * Makes every thread of the process collect its old garbage early. By itself V8 lets it lie until the old objects have grown
 * severalfold, so over a long upload a daemon that holds on to 45 MB grew past 250, and thousands of small files left 100 MB
 * behind. Marking is done in small steps. Called before the threads are started; V8 looks at this each time that it considers to
 * collect. One that knows no such flag says so on stderr and goes on.
 */
export const collectEarly = (): void => setFlagsFromString(`--incremental-marking-soft-trigger=${percent}`)
