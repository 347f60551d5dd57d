import type { Clock } from '../../ports/clock.js'
import type { FeedFilter, FeedItem } from './feed-entry.js'
import type { Recent } from './recent.js'

/**
 * Is handed what a listener gets, in order, and the very same array as all that listen with the same filter. Returns
 * null when the listener takes more at once. Otherwise it returns a promise, which resolves to true when the listener
 * takes more again, and to false when it shall get nothing more.
 */
export type TakeItems = (items: readonly FeedItem[]) => Promise<boolean> | null

/** Says as how far a listener was told. */
export interface Place {
  /** This is the id of an event. All after it is still to be told. */
  readonly cursor: string
  /** This is the position after that event. */
  readonly position: number
  readonly movesPosition: number
}

/** A member of a group keeps up: it was told what the others of its group were told. */
export interface Member {
  readonly take: TakeItems
  /** The member has left the group. `place` is null when it shall get nothing more. */
  left(place: Place | null | Promise<Place | null>): void
}

/** A group is made of those that listen with the same filter. */
export interface Group {
  /** The members have been told what stands before these positions. */
  position(): number
  movesPosition(): number
  /** The member must have been told as much as the group. `cursor` is that of its place. */
  add(member: Member, cursor: string): void
  remove(member: Member): void
  /** Forgets the group when nobody else has joined it. */
  leave(): void
}

/** This is what a round of telling took. */
export interface Telling {
  /** So many times a listener was handed something. */
  readonly handed: number
  readonly tookMs: number
}

/** These are the listeners that keep up. They are told in one loop, and have neither a cursor nor a wait of their own. */
export interface Audience {
  join(filter: FeedFilter): Group
  /** Tells all members what is new. Those that take no more leave their group with the place that they have reached. */
  tell(): Promise<Telling>
  /** Lets all members leave. */
  dismiss(): void
}

interface Told {
  readonly filter: FeedFilter
  readonly members: Set<Member>
  joined: number
  position: number
  movesPosition: number
  cursor: string
}

const keyOf = ({ jobId, batchId, labels }: FeedFilter): string => JSON.stringify([jobId, batchId, labels])

export const createAudience = (recent: Recent, clock: Pick<Clock, 'monotonic'>): Audience => {
  const groups = new Map<string, Told>()

  const placeOf = ({ cursor, position, movesPosition }: Told): Place => ({ cursor, position, movesPosition })

  const dismissGroup = (group: Told): void => {
    const place = placeOf(group)
    const leaving = [...group.members]
    group.members.clear()
    for (const member of leaving) member.left(place)
  }

  const skipToEnd = (group: Told): void => {
    group.position = recent.end()
    group.movesPosition = recent.movesEnd()
  }

  const hand = (group: Told, items: readonly FeedItem[]): Telling => {
    const began = clock.monotonic()
    let handed = 0
    for (const member of group.members) {
      handed += 1
      const room = member.take(items)
      if (room === null) continue
      group.members.delete(member)
      const place = placeOf(group)
      member.left(room.then((takesMore) => (takesMore ? place : null)))
    }
    return { handed, tookMs: clock.monotonic() - began }
  }

  /** Reads what is new for a group, and then moves its place and tells its members in the same turn. */
  const tellGroup = async (group: Told): Promise<Telling> => {
    const end = recent.end()
    const movesEnd = recent.movesEnd()
    let handed = 0
    let tookMs = 0
    while (recent.keeps(group.position)) {
      const { items, next, cursor } = await recent.eventsBetween(group.position, end, group.filter)
      const isLast = next >= end
      const moves = isLast ? await recent.movesBetween(group.movesPosition, movesEnd, group.filter) : []
      group.position = next
      group.cursor = cursor ?? group.cursor
      if (isLast) group.movesPosition = movesEnd
      if (items.length + moves.length > 0) {
        const telling = hand(group, [...items, ...moves])
        handed += telling.handed
        tookMs += telling.tookMs
      }
      if (isLast) return { handed, tookMs }
    }
    // What comes next for the group is not in memory any more, so each member reads it from the store.
    dismissGroup(group)
    skipToEnd(group)
    return { handed, tookMs }
  }

  return {
    join(filter) {
      const key = keyOf(filter)
      let group = groups.get(key)
      if (group === undefined) {
        group = { filter, members: new Set(), joined: 0, position: 0, movesPosition: 0, cursor: '' }
        skipToEnd(group)
        groups.set(key, group)
      }
      const joined = group
      joined.joined += 1
      return {
        position: () => joined.position,
        movesPosition: () => joined.movesPosition,
        add(member, cursor) {
          joined.cursor = cursor
          joined.members.add(member)
        },
        remove: (member) => void joined.members.delete(member),
        leave() {
          joined.joined -= 1
          if (joined.joined === 0) groups.delete(key)
        },
      }
    },
    async tell() {
      let handed = 0
      let tookMs = 0
      for (const group of groups.values()) {
        if (group.members.size === 0) {
          skipToEnd(group)
          continue
        }
        const telling = await tellGroup(group)
        handed += telling.handed
        tookMs += telling.tookMs
      }
      return { handed, tookMs }
    },
    dismiss() {
      for (const group of groups.values()) dismissGroup(group)
    },
  }
}
