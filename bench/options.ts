import { parseArgs } from 'node:util'
import { parseSize } from '../src/core/units.js'
import { type Form, formOf, forms, type Sizes } from './forms.js'
import { mib } from './report/measurement.js'

export interface Options {
  readonly ids: readonly string[]
  readonly form: Form
  readonly quick: boolean
  readonly sizes: Sizes
  readonly profile: boolean
  readonly record: boolean
  readonly check: boolean
  readonly help: boolean
}

export class UsageError extends Error {}

const measuredWith: Readonly<Record<string, string>> = { p2: 'p1', p10: 'p9' }
/** These cases are measured only when they are named, or in the full form. */
const notQuick = ['long']

export const usage = (known: readonly string[]): string => `npm run bench -- [CASE...] [OPTIONS]

Cases: ${known.join(', ')} (p2 is measured with p1, p10 with p9); without any, all of them.

--quick      smaller sizes and fewer rounds, ten minutes in all
--record     adds the figures to bench/history.json and writes its page anew
--check      compares the daemon's CPU with what is recorded, for p1 and p5 in the quick form and without the peers
--profile    prints where the daemon's threads spent their time; profiled runs are slower

Sizes, as they are by default and with --quick:
--rounds ${forms.full.rounds} (${forms.quick.rounds})            --size 4GiB (1GiB), of the big file
--files ${forms.full.files} (${forms.quick.files}) small files   --long-size 50GiB (4GiB), of the sparse file whose memory is watched
--readers ${forms.full.readers} (${forms.quick.readers}), of event streams`

const wholeNumber = (name: string, text: string | undefined, preset: number): number => {
  const value = text === undefined ? preset : Number(text)
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${name} must be a whole number from 1.`)
  return value
}

const bytes = (name: string, text: string | undefined, preset: number): number => {
  const value = text === undefined ? preset : parseSize(text)
  if (value === null || value < 64 * mib) throw new UsageError(`--${name} must be a size from 64MiB.`)
  return value
}

/** Reads the command line. `known` are the ids of the cases. Throws UsageError for what makes no sense. */
export const readOptions = (args: readonly string[], known: readonly string[]): Options => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      size: { type: 'string' },
      'long-size': { type: 'string' },
      files: { type: 'string' },
      readers: { type: 'string' },
      quick: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const named = positionals.map((name) => measuredWith[name.toLowerCase()] ?? name.toLowerCase())
  const unknown = named.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new UsageError(`There is no case ${unknown.join(', ')}.`)
  const asked = values.quick || values.check ? 'quick' : 'full'
  const preset = forms[asked]
  const sizes: Sizes = {
    ...preset,
    rounds: wholeNumber('rounds', values.rounds, preset.rounds),
    files: wholeNumber('files', values.files, preset.files),
    readers: wholeNumber('readers', values.readers, preset.readers),
    size: bytes('size', values.size, preset.size),
    longSize: bytes('long-size', values['long-size'], preset.longSize),
  }
  if (values.profile && values.record) throw new UsageError('Profiled runs are slower, so they are not recorded.')
  if (values.check && (named.length > 0 || values.record || values.profile || formOf('quick', sizes) === 'other')) {
    throw new UsageError('--check stands alone.')
  }
  const all = known.filter((id) => asked === 'full' || !notQuick.includes(id))
  const { profile, record, check, help } = values
  const ids = named.length === 0 ? all : [...new Set(named)]
  return { ids, form: formOf(asked, sizes), quick: asked === 'quick', sizes, profile, record, check, help }
}
