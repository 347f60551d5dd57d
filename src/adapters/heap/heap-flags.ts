import { setFlagsFromString } from 'node:v8'

/** This is a share of the room that V8 gives the old objects of a thread to grow. Zero is V8's own value. */
const trigger = { early: 10, usual: 0 }
/** The young generation grows by this factor when much of it survives. Two is V8's own value, and one means that it stays. */
const growth = { none: 1, usual: 2 }

// The flags are the whole process's, and so is what is known about them here.
let early = false
let held = false
let starting = 0

const set = (): void => {
  const own = starting === 0
  setFlagsFromString(`--incremental-marking-soft-trigger=${early && own ? trigger.early : trigger.usual}`)
  setFlagsFromString(`--semi-space-growth-factor=${held && own ? growth.none : growth.usual}`)
}

/**
 * Makes every thread of the process collect its old garbage early. By itself V8 lets garbage lie until the old objects
 * have grown severalfold: over a long upload a daemon that holds on to 45 MB grew past 250, and thousands of small
 * files left 100 MB behind. Marking is done in small steps. V8 looks at the flag each time that it considers
 * collecting, so this is called when all has started and the first jobs are under way: V8 begins at once to mark what
 * the start has left, and under another flag it refuses the code that was compiled before, ours and that of Node.js. A
 * V8 that does not know the flag says so on stderr and goes on.
 */
export const collectEarly = (): void => {
  early = true
  set()
}

/** Says whether the young generations of all threads stay as large as they are. */
export const holdYoungGenerations = (hold: boolean): void => {
  if (held === hold) return
  held = hold
  set()
}

/**
 * Lets a thread start with the flags of V8 under which its code was compiled. The returned function is called when the
 * thread has loaded its code, or has ended; further calls do nothing. It sets the flags even where nothing has changed
 * them, because V8 itself takes back a factor below two whenever a thread starts.
 */
export const beginThread = (): (() => void) => {
  if (!early && !held) return () => {}
  starting += 1
  set()
  let begun = false
  return () => {
    if (begun) return
    begun = true
    starting -= 1
    set()
  }
}
