import { describe, expect, it } from 'vitest'
import { emptyDraft, fieldOf, keyOf, submitRequestOf } from '../../src/dashboard/state/submit-request.js'
import { batchRequestSchema } from '../../src/http/shapes/batches/request.js'
import { jobRequestSchema } from '../../src/http/shapes/jobs/request.js'

describe('the form for new uploads', () => {
  it('asks for a job in the name of the file, as the daemon takes it', () => {
    const { path, body } = submitRequestOf({ ...emptyDraft, path: ' /srv/in/a b.bin ', bucket: ' media ' })
    expect(path).toBe('v1/jobs')
    expect(body).toEqual({
      source: { path: '/srv/in/a b.bin' },
      target: { bucket: 'media', key: 'a b.bin' },
      ifExists: 'overwrite',
    })
    expect(jobRequestSchema.safeParse(body).success).toBe(true)
  })

  it('leaves the commas within the braces of a glob alone', () => {
    const globs = '**/*.{jpg,png}, a.txt\nb/{c,{d,e}}/**,*.{f\ng,h'
    const { body } = submitRequestOf({ ...emptyDraft, kind: 'directory', include: globs, exclude: globs })
    const taken = ['**/*.{jpg,png}', 'a.txt', 'b/{c,{d,e}}/**', '*.{f', 'g', 'h']
    expect(body).toMatchObject({ source: { include: taken, exclude: taken } })
  })

  it('asks for a batch of a directory, with everything that was chosen', () => {
    const { path, body } = submitRequestOf({
      kind: 'directory',
      path: '/srv/in/pictures',
      bucket: 'media',
      key: 'p/',
      ifExists: 'skipSame',
      priority: '-5',
      labels: 'run=42, camera = 7\nurgent',
      include: '**/*.jpg, **/*.png',
      exclude: 'tmp',
    })
    expect(path).toBe('v1/batches')
    expect(body).toEqual({
      source: { dir: '/srv/in/pictures', include: ['**/*.jpg', '**/*.png'], exclude: ['tmp'] },
      target: { bucket: 'media', prefix: 'p/' },
      ifExists: 'skipSame',
      priority: -5,
      labels: { run: '42', camera: '7', urgent: '' },
    })
    expect(batchRequestSchema.safeParse(body).success).toBe(true)
  })

  it('asks for no prefix and no globs where none are typed', () => {
    const { body } = submitRequestOf({ ...emptyDraft, kind: 'directory', path: '/srv/in', bucket: 'media' })
    expect(body).toEqual({ source: { dir: '/srv/in' }, target: { bucket: 'media' }, ifExists: 'overwrite' })
  })

  it.each([
    ['/srv/in/a.bin', '', 'a.bin'],
    ['/srv/in/a.bin', 'in/', 'in/a.bin'],
    ['/srv/in/a.bin', 'b.bin', 'b.bin'],
    ['', '', ''],
  ])('of %s with the key %o makes %s', (path, key, whole) => {
    expect(keyOf({ path, key })).toBe(whole)
  })

  it.each([
    ['source.path', 'path'],
    ['source.dir', 'path'],
    ['target.bucket', 'bucket'],
    ['target.prefix', 'key'],
    ['source.include.0', 'include'],
    ['source.exclude', 'exclude'],
    ['labels.run', 'labels'],
    ['priority', 'priority'],
    ['webhook.url', null],
  ])('shows what is wrong about %s at %s', (path, field) => {
    expect(fieldOf(path)).toBe(field)
  })
})
