/**
 * Structured logging: the fields come first, then one sentence. The fields must hold no secret and no raw error of a
 * library.
 */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Logger
}
