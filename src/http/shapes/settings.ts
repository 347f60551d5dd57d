import { z } from 'zod'
import { bandwidthProblem } from '../../core/bandwidth.js'
import { mostConcurrency } from '../../core/settings.js'
import type { SettingsView } from '../../engine/use-cases/live-settings.js'
import { ruled } from './fields.js'

const concurrency = z.int().min(1).max(mostConcurrency).describe('Parts and puts in flight in the daemon.')

/** The body of PATCH /v1/settings. */
export const settingsChangesSchema = z
  .strictObject({
    concurrency: concurrency.nullable().optional(),
    bandwidth: ruled(bandwidthProblem)
      .describe("For each second: a size, off, or a timetable by the daemon's local time.")
      .nullable()
      .optional(),
  })
  .meta({
    description:
      'What to change; fields that are absent stay as they are, and null goes back to what the environment says.',
    examples: [{ concurrency: 32, bandwidth: '50MiB' }, { bandwidth: '08:00,10MiB 19:00,off' }, { bandwidth: null }],
  })

const valuesFields = { concurrency, bandwidth: z.string().describe('As it was given: a size, off, or a timetable.') }
const origin = z.enum(['environment', 'stored'])

export const settingsSchema = z
  .object({
    ...valuesFields,
    bytesPerSecond: z.int().min(1).nullable().describe('What the bandwidth allows just now; null: no limit.'),
    origins: z
      .object({ concurrency: origin, bandwidth: origin })
      .describe('Where each value comes from: `stored` was set by PATCH and outlives restarts.'),
    environment: z.object(valuesFields).describe('What null goes back to.'),
  })
  .meta({
    description: 'The settings that can be changed while the daemon runs.',
    examples: [
      {
        concurrency: 16,
        bandwidth: '50MiB',
        bytesPerSecond: 52428800,
        origins: { concurrency: 'environment', bandwidth: 'stored' },
        environment: { concurrency: 16, bandwidth: 'off' },
      },
    ],
  }) satisfies z.ZodType<SettingsView>
