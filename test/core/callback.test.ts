import { describe, expect, it } from 'vitest'
import { callbackOf, callbackProblems, callbackTexts } from '../../src/core/callback.js'

const request = { url: 'https://app.example/done', body: 'size=$' + '{size}' }

describe('a callback', () => {
  it('reads as OSS wants it, with its variables named as OSS names them', () => {
    const texts = callbackTexts(callbackOf({ ...request, host: 'app.example', vars: { run: '42', 'x:cam': '7' } }))
    expect(JSON.parse(texts.callback)).toEqual({
      callbackUrl: request.url,
      callbackHost: 'app.example',
      callbackBody: request.body,
      callbackBodyType: 'application/x-www-form-urlencoded',
    })
    expect(JSON.parse(texts.vars ?? '')).toEqual({ 'x:run': '42', 'x:cam': '7' })
  })

  it('says nothing of variables when it has none', () => {
    expect(callbackTexts(callbackOf(request)).vars).toBeNull()
  })

  it.each([
    [{}],
    [{ url: 'http://a/1;https://b/2;c.example/3;http://d/4;http://e/5' }],
    [{ url: '121.43.113.8:23456/index.html' }],
    [{ host: 'app.example:8080' }],
    [{ bodyType: 'application/json', body: '{"size":$' + '{size},"key":$' + '{object}}' } as const],
    [{ vars: { a: 'ünicode', 'x:b_c.d-1': '' } }],
  ])('may say %j', (changes) => {
    expect(callbackProblems({ ...request, ...changes })).toEqual([])
  })

  it.each([
    ['url', { url: '' }],
    ['url', { url: 'ftp://a/b' }],
    ['url', { url: 'http://a/1;;http://b/2' }],
    ['url', { url: 'http://a/中文' }],
    ['url', { url: 'http://user:secret@a/b' }],
    ['url', { url: 'http://a/b#c' }],
    ['url', { url: 'http://a/1;http://a/2;http://a/3;http://a/4;http://a/5;http://a/6' }],
    ['host', { host: 'a b' }],
    ['body', { body: '' }],
    ['body', { bodyType: 'application/json', body: 'size=1' } as const],
    ['body', { bodyType: 'application/json', body: '{"key":"$' + '{object}' } as const],
    ['vars.Run', { vars: { Run: '1' } }],
    ['vars.x:a', { vars: { 'x:a': '1', a: '2' } }],
    ['vars', { vars: { a: 'v'.repeat(5000) } }],
    ['', { body: 'v'.repeat(5000) }],
  ])('is refused at %s when it says %j', (path, changes) => {
    expect(callbackProblems({ ...request, ...changes }).map((problem) => problem.path.join('.'))).toEqual([path])
  })
})
