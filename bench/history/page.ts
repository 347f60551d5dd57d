import type { Entry } from './history.js'

const meanings: Readonly<Record<string, string>> = {
  P1: 'one big file (its CPU is P2)',
  P3: 'one big file over TLS',
  P4: 'memory',
  P5: 'many small files as one batch',
  P6: 'many small files, one POST each by 16 clients',
  P7: 'kill -9 in the middle of a file',
  P8: '`GET /v1/jobs/:id` while files are uploaded',
  P9: 'many jobs stored',
  P10: 'many jobs stored, beside few',
  P11: 'readers of events',
  P13: 'the package and the checkout',
}

const head = `# The figures over time

\`bench/history.json\` keeps every figure that was landed, so that a later loss is seen. This page and its picture are made of
it: \`npm run bench -- --record\` adds what it has just measured and writes both, and
\`npx vitest run test/docs/history.test.ts --update\` writes them after a change by hand.

Compare ratios to programs that ran in turn, and CPU on the same machine; times of different days say little. The quick form
is smaller, so it shows more of cold code: compare it with itself. What is measured, and how, is in
[performance.md](performance.md).

![Longshore beside its peer, over time](performance-history.svg)
`

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const table = (names: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(names), row(names.map(() => '---')), ...rows.map(row)].join('\n')

const number = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 })

const beside = (ratio: Readonly<Record<string, number>>): string =>
  Object.entries(ratio)
    .map(([peer, times]) => `${number(times)} x ${peer}`)
    .join('; ')

const runKey = ({ date, commit, form, sizes, load }: Entry): string => [date, commit, form, sizes, load].join('\n')

/** Returns one entry for each run, in the order of the file. */
const runsOf = (entries: readonly Entry[]): readonly Entry[] => {
  const runs = new Map<string, Entry>()
  for (const entry of entries) if (!runs.has(runKey(entry))) runs.set(runKey(entry), entry)
  return [...runs.values()]
}

/** Returns the page as Markdown. Figures name their run by its number. */
export const historyPage = (entries: readonly Entry[]): string => {
  const runs = runsOf(entries)
  const runOf = (entry: Entry): number => runs.findIndex((run) => runKey(run) === runKey(entry)) + 1
  const listed = table(
    ['run', 'date', 'commit', 'form', 'sizes', 'machine', 'what else ran'],
    runs.map(({ date, commit, form, sizes, machine, load }, index) => [
      String(index + 1),
      date,
      commit,
      form,
      sizes,
      `${machine.cores} x ${machine.cpu}, ${machine.memoryGib} GiB, Node.js ${machine.node}`,
      load,
    ]),
  )
  const sections = Object.entries(meanings).flatMap(([id, meaning]) => {
    const own = entries.filter((entry) => entry.id === id)
    if (own.length === 0) return []
    const names = [...new Set(own.map(({ what }) => what))]
    const rows = names.flatMap((what) =>
      own
        .filter((entry) => entry.what === what)
        .map((entry) => [
          what,
          `${entry.date} (${runOf(entry)})`,
          `${number(entry.value)} ${entry.unit}`,
          beside(entry.ratio),
          entry.cpu === null ? '' : `${number(entry.cpu)} ${entry.cpuUnit}`,
          beside(entry.cpuRatio),
        ]),
    )
    const heads = ['', 'date (run)', 'measured', 'beside others', 'CPU', 'CPU beside others']
    // Columns that nothing fills are left out.
    const filled = heads.map((_, column) => rows.some((cells) => cells[column] !== ''))
    const kept = (cells: readonly string[]): readonly string[] => cells.filter((_, column) => filled[column])
    return [`## ${id}: ${meaning}\n\n${table(kept(heads), rows.map(kept))}\n`]
  })
  return [head, `## The runs\n\n${listed}\n`, ...sections].join('\n')
}
