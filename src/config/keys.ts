import { isAbsolute } from 'node:path'
import { isKeyText } from '../adapters/credentials/key-source.js'
import type { KeySettings } from '../adapters/credentials/key-source-of.js'

type Given = Readonly<Record<string, string>>

interface Family {
  readonly id: string
  readonly secret: string
  readonly token: string
}

const ossFamily: Family = { id: 'OSS_ACCESS_KEY_ID', secret: 'OSS_ACCESS_KEY_SECRET', token: 'OSS_SESSION_TOKEN' }
const alibabaFamily: Family = {
  id: 'ALIBABA_CLOUD_ACCESS_KEY_ID',
  secret: 'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
  token: 'ALIBABA_CLOUD_SECURITY_TOKEN',
}

/** Returns the keys of one family of variables. The three variables must come from the same family. */
const keysOf = (given: Given, { id, secret, token }: Family, problems: string[]): KeySettings => {
  const named = [id, secret, token].find((name) => given[name] !== undefined)
  for (const name of [id, secret]) {
    if (given[name] === undefined) problems.push(`${name}: is required with ${named}`)
  }
  for (const name of [id, secret, token]) {
    if (!isKeyText(given[name] ?? 'x')) {
      problems.push(`${name}: must be one word of visible ASCII; the value holds other characters or line ends`)
    }
  }
  return {
    kind: 'given',
    accessKeyId: given[id] ?? '',
    accessKeySecret: given[secret] ?? '',
    securityToken: given[token] ?? null,
  }
}

const chainOf = (given: Given, problems: string[]): KeySettings => {
  const credentialsUri = given['ALIBABA_CLOUD_CREDENTIALS_URI'] ?? null
  if (credentialsUri !== null && !(URL.canParse(credentialsUri) && /^https?:/.test(credentialsUri))) {
    problems.push('ALIBABA_CLOUD_CREDENTIALS_URI: must be an http or https URL')
  }
  return {
    kind: 'chain',
    oidcTokenFile: given['ALIBABA_CLOUD_OIDC_TOKEN_FILE'] ?? null,
    ecsRole: given['ALIBABA_CLOUD_ECS_METADATA'] ?? null,
    credentialsUri,
  }
}

/** Reads where the keys come from. What is wrong is added to `problems`, without any value that may be secret. */
export const readKeySettings = (given: Given, problems: string[]): KeySettings => {
  const path = given['OSS_CREDENTIALS_FILE']
  const own = [ossFamily.id, ossFamily.secret, ossFamily.token].find((name) => given[name] !== undefined)
  if (path !== undefined) {
    if (own !== undefined) problems.push(`OSS_CREDENTIALS_FILE: cannot be set beside ${own}: keys come from one source`)
    if (!isAbsolute(path)) problems.push('OSS_CREDENTIALS_FILE: must be an absolute path')
    return { kind: 'file', path }
  }
  if (own !== undefined) return keysOf(given, ossFamily, problems)
  const isAlibaba = given[alibabaFamily.id] !== undefined || given[alibabaFamily.secret] !== undefined
  return isAlibaba ? keysOf(given, alibabaFamily, problems) : chainOf(given, problems)
}
