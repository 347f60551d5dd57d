// Compares a coverage summary (its directory is the argument) with the thresholds of vitest.config.ts. This is separate
// from the run that collected the summary, so that a failing test and a gap in the coverage are told apart.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { resolveConfig } from 'vitest/node'

const { vitestConfig } = await resolveConfig()
const thresholds = Object.entries(vitestConfig.coverage.thresholds ?? {})
const { total } = JSON.parse(readFileSync(join(process.argv[2], 'coverage-summary.json'), 'utf8'))

const gaps = thresholds.filter(([metric, least]) => !(total[metric].pct >= least))
for (const [metric, least] of thresholds) console.log(`${metric}: ${total[metric].pct} %, at least ${least} %`)
if (thresholds.length === 0) console.error('vitest.config.ts sets no thresholds')
process.exit(thresholds.length > 0 && gaps.length === 0 ? 0 : 1)
