// Tells which tests failed, at the end of the log where it is read first, with what each said:
// node .ci/failed-tests.mjs <vitest's JSON report>
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const LINES_OF_A_MESSAGE = 25

let report
try {
  report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
} catch {
  console.log('vitest wrote no report')
  process.exit(0)
}

for (const file of report.testResults) {
  const name = relative(process.cwd(), file.name)
  const failed = file.assertionResults.filter((test) => test.status === 'failed')
  for (const test of failed) tell(`${name} > ${test.fullName}`, test.failureMessages.join('\n'))
  if (failed.length === 0 && file.status === 'failed') tell(name, file.message)
}

function tell(what, message) {
  console.log(`failed: ${what}`)
  for (const line of message.split('\n').slice(0, LINES_OF_A_MESSAGE)) console.log(`    ${line}`)
}
