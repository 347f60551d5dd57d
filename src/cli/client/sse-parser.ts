/**
 * This is one server-sent event. `id` is the last id of the stream so far (null when there is none yet), and `event` is
 * its type.
 */
export interface SseMessage {
  readonly id: string | null
  readonly event: string
  readonly data: string
}

/**
 * Parses a server-sent event stream. The caller feeds it text as it arrives and gets the messages that the text
 * completes. Comments and events without data are passed over, as the standard says. `retry:` is ignored, because the
 * caller decides how long it waits.
 */
export const createSseParser = (): ((text: string) => readonly SseMessage[]) => {
  let rest = ''
  let id: string | null = null
  let event = ''
  let data: string[] = []

  const takeLine = (line: string, messages: SseMessage[]): void => {
    if (line === '') {
      if (data.length > 0) messages.push({ id, event: event || 'message', data: data.join('\n') })
      event = ''
      data = []
      return
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }

  return (text) => {
    const messages: SseMessage[] = []
    const all = rest + text
    // A CR at the very end may be the first half of a CRLF.
    const complete = all.endsWith('\r') ? all.slice(0, -1) : all
    const lines = complete.split(/\r\n|\r|\n/)
    rest = (lines.pop() ?? '') + all.slice(complete.length)
    for (const line of lines) takeLine(line, messages)
    return messages
  }
}
