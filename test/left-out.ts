import { relative } from 'node:path'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** These tests are left out everywhere on purpose, by file. CI accepts these notes, and no more than so many. */
const onPurpose: ReadonlyMap<string, number> = new Map([['test/deploy/container-build.test.ts', 1]])

export interface LeftOut {
  readonly file: string
  readonly name: string
  readonly reason: string
}

/** Returns those for which there is no exemption. A test without a reason has none, whatever its file is. */
export const withoutExemption = (
  all: readonly LeftOut[],
  exemptions: ReadonlyMap<string, number> = onPurpose,
): readonly LeftOut[] => {
  const left = new Map(exemptions)
  return all.filter(({ file, reason }) => {
    const count = left.get(file) ?? 0
    left.set(file, count - 1)
    return count <= 0 || reason === ''
  })
}

/** Returns one line for each reason in each file, so that ten tests that lack one thing are one line. */
export const linesOf = (all: readonly LeftOut[]): readonly string[] => {
  const groups = new Map<string, LeftOut[]>()
  for (const each of all) {
    const group = `${each.file}\n${each.reason}`
    groups.set(group, [...(groups.get(group) ?? []), each])
  }
  return [...groups.values()].map((group) => {
    const [{ file, name, reason }] = group as [LeftOut]
    const what = group.length === 1 ? `"${name}"` : `${group.length} tests, first "${name}"`
    return `  ${file}: ${what}: ${reason || 'without a reason: give one by context.skip(reason)'}`
  })
}

const hasFailed = (module: TestModule): boolean =>
  module.errors().length > 0 || [...module.children.allSuites()].some((suite) => suite.errors().length > 0)

/**
 * Says at the end which tests were left out and why. In CI, which has all that they need, each is a failure. A run of
 * chosen tests (`-t`) leaves the others out without a reason, and so does a hook that failed. Neither is reported.
 */
export const createLeftOutReporter = (inCi: boolean, write: (text: string) => void): Reporter => {
  let isChosen = false
  const reasonOf = (test: TestCase): string | null => {
    const result = test.result()
    return result.state === 'skipped' && test.options.mode !== 'todo' ? (result.note ?? '') : null
  }
  return {
    onInit: (vitest) => {
      isChosen = vitest.config.testNamePattern !== undefined
    },
    onTestRunEnd: (modules) => {
      const all: LeftOut[] = []
      for (const module of modules) {
        for (const test of module.children.allTests()) {
          const reason = reasonOf(test)
          if (reason === null || (reason === '' && (isChosen || hasFailed(module)))) continue
          all.push({ file: relative(process.cwd(), module.moduleId), name: test.fullName, reason })
        }
      }
      if (all.length === 0) return
      write(`\nLeft out (${all.length}):\n${linesOf(all).join('\n')}\n`)
      const failures = withoutExemption(all)
      if (!inCi || failures.length === 0) return
      write(
        `\nCI leaves nothing out, and these have no exemption (${failures.length}):\n${linesOf(failures).join('\n')}\n`,
      )
      process.exitCode = 1
    },
  }
}
