import { defineConfig } from 'vitest/config'
import { createLeftOutReporter } from './test/left-out.js'

const inCi = process.env['CI'] !== undefined
// Where the gates want a report that programs can read. By an option it would replace the reporters below.
const report = process.env['TEST_REPORT']

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: [
      'default',
      ...(report === undefined ? [] : [['json', { outputFile: report }] as ['json', { outputFile: string }]]),
      createLeftOutReporter(inCi, (text) => process.stdout.write(text)),
    ],
    pool: 'forks',
    // Most of the long tests wait for processes of their own: by its own rule vitest would use one worker on two cores.
    maxWorkers: 2,
    // Ends what hangs; on a busy machine the slowest test takes a minute.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    coverage: {
      provider: 'v8',
      include: ['src/core/**/*.ts'],
      thresholds: { lines: 95, functions: 95, branches: 90, statements: 95 },
    },
  },
})
