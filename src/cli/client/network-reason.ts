import { timeoutCodes } from './http-exchange.js'

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  ENOENT: 'there is no such socket',
  EACCES: 'this user may not open its socket',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up now',
  [timeoutCodes.connect]: 'no connection in time',
  EPROTO: 'it does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  [timeoutCodes.answer]: 'no answer in time',
  [timeoutCodes.silence]: 'it stopped sending',
}

const filled = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''

/** Returns what Node's parser complains about: an answer that is not HTTP, or one that ends too early. */
const parserReason = ({ message }: Error): string =>
  message.includes('Expected HTTP/') ? 'it does not speak HTTP' : 'the connection broke'

/**
 * Returns a few words on why a request got no answer, which are never empty. Common errors get our own words, others
 * their code or their message, or else those of the error that they wrap.
 */
export const networkReason = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown error'
  if (error instanceof SyntaxError) return 'its answer is not JSON'
  if ('code' in error && filled(error.code)) {
    return error.code.startsWith('HPE_') ? parserReason(error) : (reasons[error.code] ?? error.code)
  }
  // An AggregateError holds one error for every address of a host name that was tried.
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause
  if (inner instanceof Error && inner !== error) return networkReason(inner)
  return filled(error.message) ? error.message : 'unknown error'
}
