import { readFileSync } from 'node:fs'
import { type AllowedHost, parseAllowedHost } from '../adapters/webhook/allowed-hosts.js'
import { createSigners } from '../adapters/webhook/webhook-sender.js'

type Given = Readonly<Record<string, string>>

export interface WebhookSettings {
  /** When this is empty, no job may ask for a webhook. */
  readonly secrets: readonly string[]
  readonly allow: readonly AllowedHost[]
}

const secretText = (given: Given, problems: string[]): string => {
  const text = given['LONGSHORE_WEBHOOK_SECRET']
  const path = given['LONGSHORE_WEBHOOK_SECRET_FILE']
  if (text !== undefined && path !== undefined) {
    problems.push('LONGSHORE_WEBHOOK_SECRET: set it or LONGSHORE_WEBHOOK_SECRET_FILE, not both')
  }
  if (path === undefined) return text ?? ''
  try {
    const held = readFileSync(path, 'utf8')
    if (held.trim() === '') problems.push(`LONGSHORE_WEBHOOK_SECRET_FILE: ${path} holds no secret`)
    return held
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    problems.push(`LONGSHORE_WEBHOOK_SECRET_FILE: ${path} cannot be read: ${reason}`)
    return ''
  }
}

/** Standard Webhooks asks for 24 to 64 bytes. */
const fewestSecretBytes = 24
const bytesOf = (secret: string): number => Buffer.from(secret.replace(/^whsec_/, ''), 'base64').length

/** Returns the secrets. Their text is never repeated in a message. */
const secretsOf = (given: Given, problems: string[]): readonly string[] => {
  const secrets = secretText(given, problems)
    .split(/\s+/)
    .filter((secret) => secret !== '')
  try {
    createSigners(secrets)
    if (secrets.some((secret) => bytesOf(secret) < fewestSecretBytes)) {
      problems.push(
        `LONGSHORE_WEBHOOK_SECRET: must stand for at least ${fewestSecretBytes} bytes; head -c 32 /dev/urandom | base64 makes one`,
      )
    }
    return secrets
  } catch {
    problems.push(
      'LONGSHORE_WEBHOOK_SECRET: must be base64, with or without whsec_ before it; separate several by spaces',
    )
    return []
  }
}

const allowOf = (given: Given, problems: string[]): readonly AllowedHost[] => {
  const texts = (given['LONGSHORE_WEBHOOK_ALLOW'] ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
  const hosts = texts.map(parseAllowedHost)
  const bad = texts.filter((_, index) => hosts[index] === null)
  if (bad.length > 0) problems.push(`LONGSHORE_WEBHOOK_ALLOW: must be hosts, or host:port: ${bad.join(', ')}`)
  return hosts.filter((host) => host !== null)
}

/**
 * Reads which hosts may receive webhooks, and how they are signed. It adds a sentence to `problems` for each variable
 * that is not right.
 */
export const readWebhookSettings = (given: Given, problems: string[]): WebhookSettings => ({
  secrets: secretsOf(given, problems),
  allow: allowOf(given, problems),
})
