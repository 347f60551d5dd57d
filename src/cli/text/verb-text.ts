import type { BulkVerb } from '../client/api.js'
import { escapeText } from '../terminal/terminal-text.js'

const filterText = ({ filter }: BulkVerb): string => {
  const wanted = Object.entries(filter).map(([name, value]) => `${name} ${[value].flat().join(', ')}`)
  return wanted.length === 0 ? 'every job' : wanted.join('; ')
}

/** Tells how far a verb for many jobs has come. */
export const verbLines = (verb: BulkVerb): readonly string[] =>
  [
    `${verb.id}  ${verb.verb}  ${verb.state}`,
    `for       ${filterText(verb)}`,
    `changed   ${verb.changed} of ${verb.jobs} jobs${verb.refused === 0 ? '' : `, ${verb.refused} could not be changed`}`,
    `given     ${verb.createdAt}${verb.by === null ? '' : ` by ${verb.by}`}`,
    ...(verb.finishedAt === null ? [] : [`over      ${verb.finishedAt}`]),
  ].map((line) => escapeText(line))
