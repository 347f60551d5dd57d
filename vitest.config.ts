import { defineConfig } from 'vitest/config'
import { createLeftOutReporter } from './test/left-out.js'

const inCi = process.env['CI'] !== undefined
// The gates name a file here for a report that programs can read. Given as an option, it would replace the reporters
// below.
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
    // Most of the long tests wait for processes of their own. By its own rule vitest would use one worker on two cores.
    maxWorkers: 2,
    // This ends tests that hang. On a busy machine the slowest test takes a minute.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    coverage: {
      provider: 'v8',
      include: ['src/core/**/*.ts'],
      thresholds: { lines: 95, functions: 95, branches: 90, statements: 95 },
    },
  },
})
