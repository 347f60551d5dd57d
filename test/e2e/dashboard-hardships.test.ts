import type { Browser, Page, Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openPage, startBrowser } from './browser.js'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, mib, until, type World } from './world.js'

// Chromium starts slowly on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

let browser: Browser
let world: World
let daemon: DaemonProcess
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()))
  await world.end()
})

const start = async (settings: Record<string, string> = {}, bandwidth = 2_000_000): Promise<void> => {
  world = await createWorld({ bandwidth })
  daemon = await world.start(settings)
}

const submit = async (key: string, size = 1000, into = bucket): Promise<string> => {
  const path = await world.makeSource(key, size)
  return (await daemon.submit({ source: { path }, target: { bucket: into, key } })).id
}

const submitBatch = async (name: string, into = bucket): Promise<string> => {
  const path = await world.makeSource(name, 1000)
  const answer = await daemon.request<{ id: string }>('POST', '/v1/batches', {
    source: { files: [path] },
    target: { bucket: into },
  })
  expect(answer.status).toBe(201)
  return answer.body.id
}

/** Opens a page that has nothing on it yet but the frame. It goes elsewhere by `show`. */
const openEmpty = async () => {
  const opened = await openPage(browser, `${daemon.url}/#/batches`)
  await opened.page.getByRole('heading', { name: 'Batches' }).waitFor()
  return opened
}
const show = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`)

/** This is needed because headless tabs all believe that they are visible. */
const hide = (page: Page, hidden: boolean) =>
  page.evaluate(
    `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} })
     document.dispatchEvent(new Event('visibilitychange'))`,
  )

/** The first request to the address ends by `answer`. Later requests reach the daemon. */
const once = async (page: Page, url: RegExp, answer: (route: Route) => Promise<void>): Promise<() => number> => {
  let seen = 0
  await page.route(url, (route) => (seen++ === 0 ? answer(route) : route.continue()))
  return () => seen
}
const nobody = (route: Route) => route.abort('connectionrefused')

/** What a browser says about a request that failed is not a fault of the page. */
const faults = (complaints: readonly string[]) =>
  complaints.filter((complaint) => !/net::ERR_|Failed to load resource/.test(complaint))

describe('a page whose request failed', () => {
  it('finds the list of jobs at the next try, and says of none that there is nothing', async () => {
    await start()
    await submit('there.bin')
    const { page, complaints } = await openEmpty()
    const seen = await once(page, /\/v1\/jobs\?/, nobody)
    await page.reload()
    await show(page, '#/jobs')
    await page.getByRole('link', { name: 'there.bin' }).waitFor()
    expect(seen()).toBeGreaterThan(1)
    expect(faults(complaints)).toEqual([])
  })

  it('finds a job, a batch and its parts at the next try', async () => {
    await start({ LONGSHORE_PART_SIZE: '1MiB' })
    const id = await submit('slow.bin', 40 * mib)
    const batch = await submitBatch('other.bin')
    const { page, complaints } = await openEmpty()
    await once(page, /\/v1\/jobs\/[^/?]+$/, nobody)
    // The daemon was killed in the middle of its answer.
    await once(page, /\/parts\?/, (route) => route.fulfill({ contentType: 'application/json', body: '{"items":[' }))
    await show(page, `#/jobs/${id}`)
    await page.getByRole('heading', { name: /slow\.bin/ }).waitFor()
    const map = page.locator('.parts canvas')
    await until(async () => / (\d+) on (its|their) way/.test((await map.getAttribute('aria-label')) ?? ''))

    await once(page, /\/v1\/batches\/[^/?]+$/, nobody)
    await show(page, `#/jobs?batch=${batch}`)
    await page.getByRole('region', { name: 'Batch' }).waitFor()
    expect(faults(complaints)).toEqual([])
  })

  it('keeps what it knew of a job that is gone when its events are, too', async () => {
    await start()
    const id = await submit('gone.bin')
    await daemon.settled(id)
    const { page, complaints } = await openPage(browser, `${daemon.url}/#/jobs/${id}`)
    await page.getByRole('region', { name: 'Receipt' }).waitFor()
    await hide(page, true)
    const reset = { contentType: 'text/event-stream', body: 'id: 1\nevent: reset\ndata: {}\n\n' }
    await once(page, /\/v1\/events/, (route) => route.fulfill(reset))
    const gone = { status: 404, contentType: 'application/problem+json', body: '{"code":"not_found"}' }
    await once(page, new RegExp(`/v1/jobs/${id}$`), (route) => route.fulfill(gone))
    const answered = page.waitForResponse((response) => response.status() === 404)
    await hide(page, false)
    await answered
    // This waits for one more turn of everything and one more round to the daemon, because a rejection that is not
    // handled is reported before the round ends.
    await page.evaluate(`fetch('v1/version').then((answer) => answer.text())`)
    await page.getByRole('region', { name: 'Receipt' }).waitFor()
    expect(faults(complaints)).toEqual([])
  })

  it('says why the daemon does not list what a filter asks for', async () => {
    await start()
    const { page } = await openPage(browser, `${daemon.url}/#/jobs?bucket=${'b'.repeat(64)}`)
    await page.getByText('No job matches this filter').waitFor()
    expect(await page.locator('.empty p').first().textContent()).toContain('bucket')
  })
})

describe('a batch that settled', () => {
  it('is seen again when it is taken up again', async () => {
    await start()
    const batch = await submitBatch('a.bin', 'nowhere')
    const { page } = await openPage(browser, `${daemon.url}/#/jobs?batch=${batch}`)
    const card = page.getByRole('region', { name: 'Batch' })
    await card.getByText('Not all done').waitFor()
    // The daemon decides what becomes of the batch. The page only has to ask for it.
    const asked = page.waitForRequest((request) => request.url().endsWith(`/v1/batches/${batch}`))
    await card.getByRole('button', { name: 'Retry what failed' }).click()
    await asked
  })
})

describe('what is typed', () => {
  it('into two fields of the filter, one after the other, holds for both, and Back takes it away', async () => {
    await start()
    await submit('a.bin')
    const { page, complaints } = await openPage(browser, `${daemon.url}/#/jobs?state=failed`)
    await page.getByText('Nothing has failed').waitFor()
    await show(page, '#/jobs')
    await page.getByRole('link', { name: 'a.bin' }).waitFor()
    // This happens faster than a person types: the first field must not wait for its own delay.
    await page.evaluate(`for (const [name, text] of [['bucket', '${bucket}'], ['label', 'run']]) {
      const input = document.querySelector('input[name=' + name + ']')
      input.value = text
      input.dispatchEvent(new Event('input', { bubbles: true }))
    }`)
    await page.waitForURL(/bucket=bucket&label=run$/)
    await page.getByLabel('Label').fill('run=1')
    await page.waitForURL(/bucket=bucket&label=run%3D1$/)
    await page.goBack()
    await page.getByText('Nothing has failed').waitFor()
    await until(async () => (await page.getByLabel('Label').inputValue()) === '')
    await page
      .locator('h1')
      .first()
      .click({ force: true, position: { x: 0, y: 0 } })
    expect(page.url()).toMatch(/#\/jobs\?state=failed$/)
    expect(complaints).toEqual([])
  })

  it('stays half typed while events draw the list anew', async () => {
    await start()
    await submit('a.bin')
    const { page } = await openPage(browser, daemon.url)
    await page.getByRole('link', { name: 'a.bin' }).waitFor()
    // Events come while the text waits for its delay, and the clock of the page stands still meanwhile.
    await page.evaluate(`{
      const later = setTimeout
      globalThis.setTimeout = (act, ms, ...rest) => later(act, ms === 300 ? 1e6 : ms, ...rest)
    }`)
    await page.getByLabel('Bucket').pressSequentially('buck')
    await submit('b.bin')
    await page.getByRole('link', { name: 'b.bin' }).waitFor()
    expect(await page.getByLabel('Bucket').inputValue()).toBe('buck')
  })
})

describe('a page that was hidden before its events came', () => {
  it('shows what became of its job meanwhile', async () => {
    await start({ LONGSHORE_PART_SIZE: '1MiB' })
    const id = await submit('slow.bin', 60 * mib)
    const { page, complaints } = await openEmpty()
    // The server does not answer, so the stream is never open.
    await page.route(/\/v1\/(jobs\/[^/]+\/)?events/, () => {})
    await page.goto(`${daemon.url}/#/jobs/${id}`)
    await page.reload()
    await page.getByRole('heading', { name: /slow\.bin/ }).waitFor()
    await hide(page, true)
    expect((await daemon.request('POST', `/v1/jobs/${id}/pause`)).status).toBe(202)
    await until(async () => (await daemon.get(id)).state === 'paused')
    await page.unroute(/\/v1\/(jobs\/[^/]+\/)?events/)
    await hide(page, false)
    await page.locator('main h1 .badge', { hasText: 'Paused' }).waitFor()
    expect(faults(complaints)).toEqual([])
  })
})

describe('many tabs', () => {
  it('of jobs leave room for one more', async () => {
    await start({ LONGSHORE_PART_SIZE: '1MiB' })
    const id = await submit('slow.bin', 60 * mib)
    const { page: first, complaints } = await openPage(browser, `${daemon.url}/#/jobs/${id}`)
    const context = first.context()
    let page = first
    await page.getByRole('heading', { name: /slow\.bin/ }).waitFor()
    for (let tab = 2; tab <= 8; tab++) {
      await hide(page, true)
      page = await context.newPage()
      await page.goto(`${daemon.url}/#/jobs/${id}`)
      await page.getByRole('heading', { name: /slow\.bin/ }).waitFor()
    }
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.locator('main h1 .badge', { hasText: 'Paused' }).waitFor()
    // The first page catches up now that it is visible.
    await hide(page, true)
    await hide(first, false)
    await first.locator('main h1 .badge', { hasText: 'Paused' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('keep nothing of a job that is left', async () => {
    await start()
    const id = await submit('a.bin')
    await daemon.settled(id)
    const { page } = await openEmpty()
    await page.addInitScript(`{
      globalThis.watchers = 0
      const { addEventListener, removeEventListener } = Document.prototype
      Document.prototype.addEventListener = function (type, ...rest) {
        if (type === 'visibilitychange') watchers++
        return addEventListener.call(this, type, ...rest)
      }
      Document.prototype.removeEventListener = function (type, ...rest) {
        if (type === 'visibilitychange') watchers--
        return removeEventListener.call(this, type, ...rest)
      }
    }`)
    await page.reload()
    await page.getByRole('heading', { name: 'Batches' }).waitFor()
    const watchers = () => page.evaluate<number>('watchers')
    await until(async () => (await watchers()) > 0)
    const before = await watchers()
    for (let visit = 0; visit < 3; visit++) {
      await show(page, `#/jobs/${id}`)
      await page.getByRole('region', { name: 'Receipt' }).waitFor()
      expect(await watchers()).toBeGreaterThan(before)
      await show(page, '#/batches')
      await page.getByRole('heading', { name: 'Batches' }).waitFor()
      await until(async () => (await watchers()) === before)
    }
  })
})
