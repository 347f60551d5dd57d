import { alteredAnswers, type FaultRule } from './fault.js'
import { operationNames } from './operation-name.js'

/** A rule of the control API cannot be understood. The message names the field. */
export class FaultRuleError extends Error {
  override readonly name = 'FaultRuleError'
}

type Check = (value: unknown) => boolean
type Shape = Readonly<Record<string, { readonly check: Check; readonly optional?: true; readonly expected: string }>>

const isText: Check = (value) => typeof value === 'string'
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 1

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const oneOf = (...values: readonly string[]): Shape[string] => ({
  check: (value) => values.includes(String(value)) && isText(value),
  expected: `one of ${values.join(', ')}`,
})
const maybe = (field: Shape[string]): Shape[string] => ({ ...field, optional: true })
const text = { check: isText, expected: 'a string' }
const count = { check: isCount, expected: 'a whole number from 1' }
const finite = { check: Number.isFinite, expected: 'a number' }

const faultShapes: Readonly<Record<string, Shape>> = {
  status: {
    status: {
      check: (value) => isCount(value) && Number(value) >= 200 && Number(value) <= 599,
      expected: 'an HTTP status from 200 to 599',
    },
    code: maybe(text),
    body: maybe(oneOf('xml', 'html', 'empty')),
    headers: maybe({
      check: (value) => isRecord(value) && Object.values(value).every(isText),
      expected: 'an object of strings',
    }),
    when: maybe(oneOf('before-body', 'after-body')),
  },
  reset: { at: oneOf('before-body', 'mid-body', 'after-body') },
  'lost-answer': {},
  stall: { at: oneOf('before-body', 'before-answer', 'mid-answer') },
  delay: {
    ms: { check: (value) => Number.isFinite(value) && Number(value) >= 0, expected: 'milliseconds from 0' },
    at: maybe(oneOf('before-body', 'before-answer')),
  },
  answer: { change: oneOf(...alteredAnswers) },
  corrupt: {},
  'forget-upload': {},
  'expired-token': {},
  skewed: { offsetMs: finite },
}

const ruleShape: Shape = {
  operation: maybe(oneOf(...operationNames)),
  bucket: maybe(text),
  key: maybe(text),
  partNumber: maybe(count),
  without: maybe(text),
  nth: maybe(count),
  times: maybe({ check: (value) => value === null || isCount(value), expected: 'a whole number from 1, or null' }),
  probability: maybe({
    check: (value) => Number.isFinite(value) && Number(value) >= 0 && Number(value) <= 1,
    expected: 'a number from 0 to 1',
  }),
  seed: maybe(finite),
  fault: { check: isRecord, expected: 'an object' },
}

const checkShape = (value: Record<string, unknown>, shape: Shape, path: string): void => {
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(shape, name)) throw new FaultRuleError(`${path}${name} is not a known field.`)
  }
  for (const [name, field] of Object.entries(shape)) {
    const given = value[name]
    if (given === undefined && field.optional) continue
    if (!field.check(given)) throw new FaultRuleError(`${path}${name} must be ${field.expected}.`)
  }
}

const parseRule = (value: unknown): FaultRule => {
  if (!isRecord(value)) throw new FaultRuleError('A rule must be an object.')
  checkShape(value, ruleShape, '')
  const { kind, ...fault } = value['fault'] as Record<string, unknown>
  const shape = Object.hasOwn(faultShapes, String(kind)) ? faultShapes[String(kind)] : undefined
  if (shape === undefined) {
    throw new FaultRuleError(`fault.kind must be one of ${Object.keys(faultShapes).join(', ')}.`)
  }
  checkShape(fault, shape, 'fault.')
  return value as unknown as FaultRule
}

/** Reads one rule or a list of rules from parsed JSON. Throws FaultRuleError. */
export const parseFaultRules = (value: unknown): readonly FaultRule[] =>
  Array.isArray(value) ? value.map(parseRule) : [parseRule(value)]
