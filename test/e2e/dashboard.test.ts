import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openPage, startBrowser } from './browser.js'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, mib, until, type World } from './world.js'

// Chromium starts slowly on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

let browser: Browser
let world: World
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()))
  await world.end()
})

const badge = (page: Page) => page.locator('main h1 .badge')

const submitByForm = async (page: Page, path: string, key = ''): Promise<void> => {
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  const form = page.getByRole('dialog', { name: 'New upload' })
  await form.getByRole('textbox', { name: 'File' }).fill(path)
  await form.getByRole('textbox', { name: 'Bucket' }).fill(bucket)
  await form.getByRole('textbox', { name: 'Key' }).fill(key)
  await form.getByRole('button', { name: 'Upload', exact: true }).click()
}

/** What a browser says while the daemon is dead is not a fault of the page. */
const isOfAnAbsentDaemon = (complaint: string): boolean => /net::ERR_/.test(complaint)

describe('the dashboard in Chromium', () => {
  it('submits a file, shows it fill part by part, and ends with its receipt', async () => {
    world = await createWorld({ bandwidth: 2_000_000 })
    const path = await world.makeSource('video.mp4', 24 * mib)
    const daemon = await world.start({ LONGSHORE_PART_SIZE: '1MiB' })
    const { page, complaints } = await openPage(browser, daemon.url)
    await page.getByText('Nothing to upload yet').waitFor()
    expect(await page.locator('pre').textContent()).toContain('npx longshore put')

    await submitByForm(page, path, 'in/')
    await page.getByRole('heading', { name: /video\.mp4/ }).waitFor()
    // It is seen filling, and not only full: at least three steps on the way.
    const seen = new Set<string>()
    const map = page.locator('.parts canvas')
    await until(async () => {
      const label = await map.getAttribute('aria-label')
      const [, uploaded = '0'] = /^(\d+) of 24 parts in OSS/.exec(label ?? '') ?? []
      if (uploaded !== '0' && uploaded !== '24') seen.add(uploaded)
      return seen.size >= 3
    })
    world.control.setBandwidth(null)
    await page.getByRole('img', { name: '24 of 24 parts in OSS' }).waitFor()
    await page.getByRole('region', { name: 'Receipt' }).waitFor()
    expect(await badge(page).textContent()).toBe('Done')
    const [job] = (await daemon.request<{ items: { receipt: { crc64: string } }[] }>('GET', '/v1/jobs')).body.items
    expect(await page.getByRole('region', { name: 'Receipt' }).textContent()).toContain(job?.receipt.crc64)
    expect(await page.getByRole('region', { name: 'History' }).textContent()).toMatch(/Done, and proven.*24 parts/s)
    expect(complaints).toEqual([])
  })

  it('says at the field what the daemon refuses', async () => {
    world = await createWorld()
    const daemon = await world.start()
    const { page } = await openPage(browser, daemon.url)
    await submitByForm(page, 'relative/path')
    const field = page.getByRole('textbox', { name: 'File' })
    await page.locator('.field[data-wrong="true"]').first().waitFor()
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    expect(await page.getByRole('dialog').getByRole('alert').textContent()).not.toBe('')
  })

  it('lives through kill -9: says so calmly, and goes on when the daemon is back on its port', async () => {
    world = await createWorld({ bandwidth: 6_000_000 })
    const path = await world.makeSource('big.bin', 40 * mib)
    const first = await world.start({ LONGSHORE_PART_SIZE: '1MiB' })
    const { page, complaints } = await openPage(browser, first.url)
    const job = await first.submit({ source: { path }, target: { bucket, key: 'big.bin' } })
    const bar = page.getByRole('progressbar', { name: 'Progress of big.bin' })
    await until(async () => Number(await bar.getAttribute('aria-valuenow')) > 10)

    first.kill('SIGKILL')
    await first.exited
    await page.getByText('The daemon does not answer').waitFor()
    expect(await page.getByRole('link', { name: 'big.bin' }).isVisible()).toBe(true)

    const second = await world.start({
      LONGSHORE_PART_SIZE: '1MiB',
      LONGSHORE_LISTEN: new URL(first.url).host,
    })
    await page.getByText('The daemon does not answer').waitFor({ state: 'detached' })
    const before = Number(await bar.getAttribute('aria-valuenow'))
    await until(async () => Number(await bar.getAttribute('aria-valuenow')) > before)
    world.control.setBandwidth(null)
    await second.settled(job.id)
    await page.locator('tr.job .badge', { hasText: 'Done' }).waitFor()
    expect(complaints.filter((complaint) => !isOfAnAbsentDaemon(complaint))).toEqual([])
  })

  it('gives its streams back while it is hidden, and catches up when it is shown', async () => {
    world = await createWorld()
    const path = await world.makeSource('a.bin', mib)
    const daemon = await world.start()
    const { page, complaints } = await openPage(browser, daemon.url)
    await page.getByText('Nothing to upload yet').waitFor()
    const streams = async (): Promise<number> => {
      const metrics = await (await fetch(`${daemon.url}/metrics`)).text()
      return Number(/^longshore_event_readers (\d+)$/m.exec(metrics)?.[1])
    }
    const turn = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} })
         document.dispatchEvent(new Event('visibilitychange'))`,
      )
    await until(async () => (await streams()) === 1)
    await turn(true)
    await until(async () => (await streams()) === 0)
    await daemon.submit({ source: { path }, target: { bucket, key: 'unseen.bin' } })
    await turn(false)
    await page.getByRole('link', { name: 'unseen.bin' }).waitFor()
    expect(await streams()).toBe(1)
    expect(complaints).toEqual([])
  })

  it('pauses, resumes, changes the priority of, and cancels a job, after asking', async () => {
    world = await createWorld({ bandwidth: 2_000_000 })
    const path = await world.makeSource('slow.bin', 60 * mib)
    const daemon = await world.start({ LONGSHORE_PART_SIZE: '1MiB' })
    const job = await daemon.submit({ source: { path }, target: { bucket, key: 'slow.bin' }, labels: { run: '42' } })
    const { page, complaints } = await openPage(browser, daemon.url)
    await page.getByRole('link', { name: 'slow.bin' }).click()
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await until(async () => (await badge(page).textContent()) === 'Paused')
    expect((await daemon.get(job.id)).state).toBe('paused')
    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await until(async () => (await badge(page).textContent()) === 'Uploading')

    // What is being typed stays while progress draws the page anew.
    const priority = page.getByLabel('Priority, higher goes first')
    await priority.fill('7')
    const parts = () => page.locator('.parts canvas').getAttribute('aria-label')
    const before = await parts()
    await until(async () => (await parts()) !== before)
    expect(await priority.inputValue()).toBe('7')
    await page.keyboard.press('Tab')
    await until(async () => (await daemon.get(job.id)).priority === 7)

    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByRole('button', { name: 'No, leave it' }).click()
    expect((await daemon.get(job.id)).state).toBe('running')
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByRole('button', { name: 'Cancel the upload' }).click()
    await until(async () => (await badge(page).textContent()) === 'Cancelled')
    expect(await page.getByRole('region', { name: 'History' }).textContent()).toContain('nothing is left in OSS')
    expect(complaints).toEqual([])
  })

  it('pauses and resumes everything, after asking', async () => {
    world = await createWorld({ bandwidth: 2_000_000 })
    const path = await world.makeSource('slow.bin', 60 * mib)
    const daemon = await world.start({ LONGSHORE_PART_SIZE: '1MiB' })
    const submit = (key: string) => daemon.submit({ source: { path }, target: { bucket, key } })
    const jobs = [await submit('one.bin'), await submit('two.bin')]
    const { page, complaints } = await openPage(browser, daemon.url)
    const states = () => Promise.all(jobs.map(async ({ id }) => (await daemon.get(id)).state))
    await page.getByRole('button', { name: 'Pause all' }).click()
    await page.getByRole('button', { name: 'No, leave it' }).click()
    await until(async () => (await states()).every((state) => state === 'running'))
    await page.getByRole('button', { name: 'Pause all' }).click()
    await page.getByRole('button', { name: 'Pause everything' }).click()
    await until(async () => (await states()).every((state) => state === 'paused'))
    await page.getByRole('button', { name: 'Resume all' }).click()
    await page.getByRole('button', { name: 'Resume everything' }).click()
    await until(async () => (await states()).every((state) => state === 'running'))
    expect(complaints).toEqual([])
  })

  it('limits the bandwidth of everything, and shows the limit', async () => {
    world = await createWorld()
    const daemon = await world.start()
    const path = await world.makeSource('a.bin', mib)
    await daemon.submit({ source: { path }, target: { bucket, key: 'a.bin' } })
    const { page, complaints } = await openPage(browser, daemon.url)
    await page.getByRole('button', { name: 'Bandwidth' }).click()
    const field = page.getByRole('textbox', { name: 'Per second' })
    await field.fill('5MiB')
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await page.getByText('limit 5MiB').waitFor()
    const settings = await daemon.request<{ bandwidth: string }>('GET', '/v1/settings')
    expect(settings.body.bandwidth).toBe('5MiB')
    await page.getByRole('button', { name: 'Bandwidth' }).click()
    expect(await field.inputValue()).toBe('5MiB')
    await page.getByRole('button', { name: 'Use the startup setting' }).click()
    await page.getByText('limit 5MiB').waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  })

  it('says in plain words why a job failed, and retries it', async () => {
    world = await createWorld()
    const path = await world.makeSource('a.bin', mib)
    const daemon = await world.start()
    const { id } = await daemon.submit({ source: { path }, target: { bucket: 'nowhere', key: 'a.bin' } })
    await daemon.settled(id)
    const { page, complaints } = await openPage(browser, `${daemon.url}/#/jobs/${id}`)
    const why = page.getByRole('region', { name: 'Why it failed' })
    expect(await why.textContent()).toMatch(/The bucket does not exist.*Then retry.*NoSuchBucket/s)
    await page.getByRole('button', { name: 'Retry', exact: true }).click()
    await until(async () => (await daemon.get(id)).runs === 2)
    expect(complaints).toEqual([])
  })
})

describe('the dashboard with thousands of jobs', () => {
  const count = 5000
  let daemon: DaemonProcess

  const setup = async (): Promise<void> => {
    world = await createWorld()
    const directory = join(world.sources, 'many')
    await mkdir(directory)
    for (let n = 0; n < count; n++) await writeFile(join(directory, `${String(n).padStart(5, '0')}.txt`), 'x')
    daemon = await world.start()
    // The jobs wait, because the test tries the page and not OSS.
    await daemon.request('POST', '/v1/batches', {
      source: { dir: directory },
      target: { bucket, prefix: 'many/' },
      labels: { run: 'many' },
      notBefore: '2100-01-01T00:00:00Z',
    })
    await until(
      async () => (await daemon.request<{ jobs: { queued: number } }>('GET', '/v1/stats')).body.jobs.queued === count,
    )
  }

  it('keeps few rows in the document, scrolls to the last one, and keeps its filters over a reload', async () => {
    await setup()
    const { page, complaints } = await openPage(browser, daemon.url)
    await page.getByText('5,000 shown, newest first.').waitFor()
    const rows = page.locator('tr.job')
    expect(await rows.count()).toBeLessThan(60)
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
    await page.locator(`tr.job[aria-rowindex="${count + 1}"]`).waitFor()
    expect(await rows.count()).toBeLessThan(60)
    expect(await page.locator('table.jobs').getAttribute('aria-rowcount')).toBe(String(count + 1))

    // The test goes along the rows by keyboard, beyond what was in the document at first.
    await page.evaluate('scrollTo(0, 0)')
    await rows.first().locator('a').focus()
    const focused = page.locator('tr.job:has(a:focus)')
    await until(async () => {
      await page.keyboard.press('ArrowDown')
      return Number(await focused.getAttribute('aria-rowindex')) >= 42
    })
    await page.keyboard.press('Enter')
    await badge(page).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('5,000 shown, newest first.').waitFor()

    await page.getByLabel('Label').fill('run=none')
    await page.getByText('No job matches this filter').waitFor()
    await page.reload()
    await page.getByText('No job matches this filter').waitFor()
    expect(await page.getByLabel('Label').inputValue()).toBe('run=none')
    await page.getByLabel('Label').fill('run=many')
    await page.getByText('5,000 shown, newest first.').waitFor()
    expect(complaints).toEqual([])
  })
})

describe('the looks of the dashboard', () => {
  it('follow the system into the dark, and the switch wins over it, also after a reload', async () => {
    world = await createWorld()
    const { url } = await world.start()
    const { page, complaints } = await openPage(browser, url, { colorScheme: 'dark' })
    const brightness = (): Promise<number> =>
      page.evaluate<number>(
        'getComputedStyle(document.documentElement).backgroundColor.match(/[0-9]+/g).reduce((sum, one) => sum + Number(one), 0)',
      )
    await page.getByText('Nothing to upload yet').waitFor()
    expect(await brightness()).toBeLessThan(150)
    await page.getByRole('button', { name: /Change to light/ }).click()
    expect(await brightness()).toBeGreaterThan(600)
    await page.reload()
    await page.getByText('Nothing to upload yet').waitFor()
    expect(await brightness()).toBeGreaterThan(600)
    expect(complaints).toEqual([])
  })

  it('fit a phone: nothing is wider than the screen', async () => {
    world = await createWorld({ bandwidth: 2_000_000 })
    const path = await world.makeSource(`${'long-name-'.repeat(12)}.bin`, 30 * mib)
    const daemon = await world.start({ LONGSHORE_PART_SIZE: '1MiB' })
    const { id } = await daemon.submit({
      source: { path },
      target: { bucket, key: `${'deep/'.repeat(30)}${'name'.repeat(30)}` },
    })
    const { page, complaints } = await openPage(browser, daemon.url, { viewport: { width: 360, height: 740 } })
    const overflow = (): Promise<number> => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    await page.locator('tr.job').waitFor()
    expect(await overflow()).toBeLessThanOrEqual(0)
    for (const hash of [`#/jobs/${id}`, '#/batches']) {
      await page.goto(`${daemon.url}/${hash}`)
      await page.locator('main h1').waitFor()
      expect(await overflow()).toBeLessThanOrEqual(0)
    }
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    await page.getByRole('dialog').waitFor()
    expect(await overflow()).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
  })
})

describe('the dashboard where tokens are needed', () => {
  it('asks for one, keeps none, and shows nothing before and after', async () => {
    world = await createWorld()
    const path = await world.makeSource('secret-name.bin', 1000)
    const daemon = await world.start({ LONGSHORE_TOKEN: 'the-right-token' })
    const headers = { authorization: 'Bearer the-right-token' }
    await daemon.request('POST', '/v1/jobs', { source: { path }, target: { bucket, key: 'secret-name.bin' } }, headers)
    const { page } = await openPage(browser, daemon.url)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByLabel('Token').fill('a-wrong-token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('does not know this token').waitFor()
    await page.getByLabel('Token').fill('the-right-token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('link', { name: 'secret-name.bin' }).waitFor()
    await page.reload()
    await page.getByRole('link', { name: 'secret-name.bin' }).waitFor()
    const kept = await page.evaluate<string>(
      'JSON.stringify({ ...localStorage, ...sessionStorage, cookie: document.cookie })',
    )
    expect(kept).not.toContain('the-right-token')
    await page.getByRole('button', { name: /Sign out/ }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.content()).not.toContain('secret-name')
  })
})

describe('the dashboard behind a proxy', () => {
  it('works below a path of the proxy', async () => {
    world = await createWorld()
    const path = await world.makeSource('a.bin', 1000)
    const daemon = await world.start()
    await daemon.settled((await daemon.submit({ source: { path }, target: { bucket, key: 'a.bin' } })).id)
    const { hostname, port } = new URL(daemon.url)
    const prefix = '/tools/longshore'
    const proxy = createServer((incoming, outgoing) => {
      if (!incoming.url?.startsWith(`${prefix}/`)) {
        outgoing.writeHead(404).end()
        return
      }
      const forwarded = {
        hostname,
        port,
        path: incoming.url.slice(prefix.length),
        method: incoming.method,
        headers: incoming.headers,
      }
      const onward = request(forwarded, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      })
      onward.on('error', () => outgoing.destroy())
      outgoing.on('close', () => onward.destroy())
      incoming.pipe(onward)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${prefix}/`
      const { page, complaints } = await openPage(browser, url)
      await page.getByRole('link', { name: 'a.bin' }).click()
      await page.getByRole('region', { name: 'Receipt' }).waitFor()
      expect(complaints).toEqual([])
      await page.context().close()
    } finally {
      proxy.closeAllConnections()
      await new Promise((resolve) => proxy.close(resolve))
    }
  })
})
