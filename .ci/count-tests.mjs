// Prints `passed failed` of a run of the suite, from vitest's JSON report and its exit code. A file that crashed has no
// failed test, and an unhandled error or a dead worker shows in the exit code alone. So each of these counts as a
// failed test, and so does a run in which nothing passed.
import { readFileSync } from 'node:fs'

const [reportPath, exitCode] = process.argv.slice(2)

const readReport = () => {
  try {
    return JSON.parse(readFileSync(reportPath, 'utf8'))
  } catch (error) {
    console.error(`The suite left no report: ${error.message}`)
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  }
}

const { numPassedTests, numFailedTests, testResults } = readReport()
const crashed = testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
)
const failed = numFailedTests + crashed.length
const somethingElse = failed === 0 && (exitCode !== '0' || numPassedTests === 0)
console.log(numPassedTests, somethingElse ? 1 : failed)
