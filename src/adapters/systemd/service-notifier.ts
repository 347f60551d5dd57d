import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from '../../ports/logger.js'

/** These are the variables in the environment of a service of `Type=notify`. */
export interface NotifyEnvironment {
  /** systemd listens at this socket. Without it the notifier says nothing. */
  readonly NOTIFY_SOCKET?: string | undefined
  /** systemd ends the service after this many microseconds without a sign of life. */
  readonly WATCHDOG_USEC?: string | undefined
  readonly PATH?: string | undefined
}

export interface ServiceNotifier {
  /**
   * Tells systemd that the daemon listens, and gives signs of life from now on if systemd asks for them. It throws
   * nothing.
   */
  ready(address: string): Promise<void>
  /**
   * Tells systemd that the daemon stops. Signs of life go on, because stopping has a limit of its own. It throws
   * nothing.
   */
  stopping(): Promise<void>
}

/** Several signs fit into one limit, so that one of them may come late. */
const signsPerLimit = 3
const toolTimeoutMs = 10_000

const quiet: ServiceNotifier = { ready: async () => {}, stopping: async () => {} }

/**
 * Tells systemd how the service is, through systemd's own `systemd-notify`, because Node.js has no datagram sockets of
 * the kind that systemd listens on. A sign of life is given only while `isWell` resolves to true, so the signs end when
 * the store hangs.
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
        logger.warn(
          { reason: String(code) },
          'systemd could not be told about the state of the service: systemd-notify failed',
        )
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
