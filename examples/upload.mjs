#!/usr/bin/env node
// Uploads one file and waits for the proof. Node.js 20 or newer, nothing to install.
//
//   ./upload.mjs /srv/in/a.bin media dir/a.bin
//
// Exit 0: the object is in OSS, proven; 1: refused or failed, and stderr says why. LONGSHORE_URL and LONGSHORE_TOKEN say where.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const url = process.env.LONGSHORE_URL ?? 'http://127.0.0.1:8484'
const token = process.env.LONGSHORE_TOKEN
const mostTries = 5
const comesBack = [429, 502, 503, 504]

/** The JSON of an answer. Tries again while the daemon is away, draining or busy. */
const ask = async (method, path, body, headers = {}) => {
  for (let tries = 1; ; tries++) {
    const last = tries === mostTries
    let answer
    try {
      answer = await fetch(url + path, {
        method,
        headers: {
          ...headers,
          ...(body && { 'content-type': 'application/json' }),
          ...(token && { authorization: `Bearer ${token}` }),
        },
        body: body && JSON.stringify(body),
      })
    } catch (error) {
      if (last) throw new Error(`no answer from ${url}: ${error.cause?.code ?? error.message}`)
    }
    if (answer?.ok) return answer.json()
    if (answer !== undefined && (last || !comesBack.includes(answer.status))) {
      // A refusal is a problem document: a code for programs, a sentence for people.
      const { code, title, detail } = await answer.json()
      throw new Error(`${code}: ${detail ?? title}`)
    }
    await sleep(Number(answer?.headers.get('retry-after') ?? 1) * 1000)
  }
}

/** The settled job. */
const upload = async (path, bucket, key) => {
  // The same key for every try: however often this is sent, one job is made.
  const headers = { 'idempotency-key': randomUUID() }
  let job = await ask('POST', '/v1/jobs', { source: { path }, target: { bucket, key } }, headers)
  while (job.finishedAt === null) job = await ask('GET', `/v1/jobs/${job.id}?wait=30s`)
  return job
}

try {
  const { state, error, receipt } = await upload(...process.argv.slice(2, 5))
  if (state !== 'completed') throw new Error(`${state}: ${error?.code ?? ''} ${error?.message ?? ''}`)
  console.log(`${receipt.size} bytes, CRC-64 ${receipt.crc64}, ETag ${receipt.etag}`)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
