import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from '../../ports/logger.js'

/** What the environment of a service of `Type=notify` holds. */
export interface NotifyEnvironment {
  /** Where systemd listens; without it nobody is told anything. */
  readonly NOTIFY_SOCKET?: string | undefined
  /** Microseconds without a sign of life after which systemd ends the service. */
  readonly WATCHDOG_USEC?: string | undefined
  readonly PATH?: string | undefined
}

export interface ServiceNotifier {
  /** Says that the daemon listens, and gives signs of life from now on if they are asked for. Throws nothing. */
  ready(address: string): Promise<void>
  /** Says that the daemon stops. Signs of life go on: stopping has a limit of its own. Throws nothing. */
  stopping(): Promise<void>
}

/** Two fit between an end and the next one, so that one may come late. */
const signsPerLimit = 3
const toolTimeoutMs = 10_000

const quiet: ServiceNotifier = { ready: async () => {}, stopping: async () => {} }

/**
 * Tells systemd how the service is, by its own `systemd-notify`: Node.js has no datagram sockets of the kind that systemd
 * listens on. A sign of life is given only while `isWell` resolves to true: a store that hangs ends the signs.
 */
export const createServiceNotifier = (
  env: NotifyEnvironment,
  isWell: () => Promise<boolean>,
  logger: Logger,
): ServiceNotifier => {
  const { NOTIFY_SOCKET, PATH } = env
  if (!NOTIFY_SOCKET) return quiet
  let complained = false

  const tell = async (...states: string[]): Promise<void> => {
    try {
      const options = { env: { NOTIFY_SOCKET, PATH }, timeout: toolTimeoutMs }
      await promisify(execFile)('systemd-notify', states, options)
    } catch (error) {
      if (!complained) {
        const { code } = error as { code?: unknown }
        logger.warn({ reason: String(code) }, 'systemd cannot be told how the service is: systemd-notify fails')
      }
      complained = true
    }
  }

  const watchdogMs = Number(env.WATCHDOG_USEC ?? 0) / 1000
  const watch = (): void => {
    let asking = false
    const give = async (): Promise<void> => {
      if (asking) return
      asking = true
      if (await isWell().catch(() => false)) await tell('WATCHDOG=1')
      asking = false
    }
    setInterval(() => void give(), watchdogMs / signsPerLimit).unref()
  }

  return {
    async ready(address) {
      await tell('READY=1', `STATUS=Listening on ${address}`)
      if (watchdogMs > 0) watch()
    },
    stopping: () => tell('STOPPING=1', 'STATUS=Finishing the parts in flight'),
  }
}
