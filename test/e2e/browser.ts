import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import packaged from '@sparticuz/chromium'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const installed = '/usr/bin/chromium'
const built = fileURLToPath(new URL('../../dist/dashboard/index.html', import.meta.url))

/** Returns the Chromium that CHROMIUM names, or that of the machine, or the one from npm, which is unpacked once. */
const findChromium = async (): Promise<string> =>
  process.env['CHROMIUM'] ?? (existsSync(installed) ? installed : await packaged.executablePath())

/** Returns a Chromium that itself sends nothing to the network. */
export const startBrowser = async (): Promise<Browser> => {
  if (!existsSync(built)) throw new Error('dist/dashboard is missing: run `npm run build` first')
  return chromium.launch({
    executablePath: await findChromium(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** This is a page of the dashboard that remembers everything a browser would complain about. */
export interface WatchedPage {
  readonly page: Page
  /**
   * These are console errors and warnings, uncaught errors, violations of the page's policy, and requests to other
   * servers.
   */
  readonly complaints: string[]
}

export const openPage = async (
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  await page.exposeFunction('reportViolation', (text: string) => complaints.push(text))
  // The script is a text, because the tests are compiled without the names of a browser.
  await page.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    reportViolation('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`)
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  const { origin } = new URL(url)
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`request to ${request.url()}`)
  })
  await page.goto(url)
  return { page, complaints }
}
