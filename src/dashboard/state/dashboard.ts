import { effect, signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { StoredEvent } from '../../core/event.js'
import { ApiProblem, createApi } from '../net/api.js'
import { createAnnouncer } from './announcer.js'
import { createLiveJobs } from './live-jobs.js'
import { remember, remembered } from './memory.js'
import { parseRoute, type Route } from './route.js'

export interface Session {
  readonly name: string | null
  readonly scope: 'read' | 'submit' | 'admin'
}

/** A notice is shown for a short time. */
export interface Notice {
  readonly text: string
  readonly tone: 'calm' | 'bad'
}

/** A question is asked before something is done. */
export interface Question {
  readonly title: string
  readonly text: string
  readonly yes: string
  /** `danger` means that the action loses something. */
  readonly look: 'danger' | 'primary'
  act(): Promise<unknown>
}

export type SignIn = 'unknown' | 'needed' | 'done'

/** Creates the state that all views share. */
export const createDashboard = () => {
  const route = signal<Route>(parseRoute(location.hash))
  const signIn = signal<SignIn>('unknown')
  const session = signal<Session | null>(remembered('session'))
  const submitting = signal(false)
  const notice = signal<Notice | null>(null)
  /** This is absent when the limit is not known, or when this daemon has none. */
  const limit = signal<string | null>(null)
  const question = signal<Question | null>(null)
  effect(() => remember('session', session.value))
  const announcer = createAnnouncer()
  const listeners = new Set<(event: StoredEvent) => void>()

  const api = createApi(() => {
    // The token is no longer valid, or never was, so what is on the screen must not be shown to the person who sits
    // there now.
    if (signIn.peek() === 'needed') return
    signIn.value = 'needed'
    session.value = null
    jobs.disconnect()
  })

  const jobs = createLiveJobs(api, (event) => {
    announcer.event(event)
    for (const listener of listeners) listener(event)
  })

  const start = async (): Promise<void> => {
    // Without tokens, or with a cookie that is still valid, the version can be read.
    const answer = await api.get('v1/version').catch((error: { status?: number }) => error)
    if ((answer as { status?: number }).status === 401) return
    signIn.value = 'done'
    jobs.connect()
    void loadLimit()
  }

  const loadLimit = async (): Promise<void> => {
    const answer = await api.get<{ bandwidth: string | null }>('v1/settings').catch(() => null)
    if (answer !== null) limit.value = answer.bandwidth ?? 'off'
  }

  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash)
    const { value } = route
    if (value.page === 'jobs') jobs.setFilter(value.filter)
  })
  addEventListener('online', () => jobs.hurry())
  const first = route.peek()
  if (first.page === 'jobs') jobs.setFilter(first.filter)

  return {
    api,
    jobs,
    route,
    session,
    signIn,
    submitting,
    notice,
    limit,
    question,
    announcer,
    start,
    /** Does what a button asks for. A refusal is shown in the daemon's own words. Returns whether it worked. */
    async attempt(act: () => Promise<unknown>): Promise<boolean> {
      try {
        await act()
        return true
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        notice.value = { text: error.message, tone: 'bad' }
        return false
      }
    },
    /** Calls the listener with each stored event, once per frame. Returns the function that ends this. */
    onEvent(listener: (event: StoredEvent) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async openSession(token: string): Promise<void> {
      session.value = await api.send<Session>('POST', 'v1/session', { token })
      signIn.value = 'done'
      jobs.connect()
      void loadLimit()
    },
    async closeSession(): Promise<void> {
      await api.send('DELETE', 'v1/session')
      session.value = null
      signIn.value = 'needed'
      jobs.disconnect()
    },
  }
}

export type Dashboard = ReturnType<typeof createDashboard>

export const DashboardContext = createContext<Dashboard | null>(null)

export const useDashboard = (): Dashboard => {
  const dashboard = useContext(DashboardContext)
  if (dashboard === null) throw new Error('The dashboard is not there.')
  return dashboard
}
