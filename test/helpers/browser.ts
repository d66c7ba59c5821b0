import { delimiter } from 'node:path'
import { getuid } from 'node:process'
import { chromium, type Browser } from 'playwright-core'
import { installPackage } from '../../src/cli/install-package.ts'
import { findProgram } from '../../src/cli/redis-server.ts'
import type { Scope } from './scope.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'] as const
const USUAL = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']
const MAC = ['/Applications/Google Chrome.app/Contents/MacOS', '/Applications/Chromium.app/Contents/MacOS']

/** Starts a real Chromium without a window, installing one first where that asks no question; it ends with the scope. */
export async function startBrowser (scope: Scope): Promise<Browser> {
  const executablePath = await ensureChromium()
  // The sandbox of Chromium needs a user other than root; only pages of our own are opened.
  const browser = await chromium.launch({ executablePath, args: ['--disable-dev-shm-usage', ...(getuid?.() === 0 ? ['--no-sandbox'] : [])] })
  scope.after(() => browser.close())
  return browser
}

/** Throws an Error that says what to install when there is none and none can be installed. */
async function ensureChromium (): Promise<string> {
  const found = findChromium()
  if (found) return found
  const problem = await installPackage({ apt: 'chromium', brew: 'google-chrome', isCask: true }, (manager) => process.stderr.write(`Installing Chromium with ${manager}…\n`))
  const installed = findChromium()
  if (installed) return installed
  throw new Error([
    `Cannot find a browser: none of ${NAMES.join(', ')} is on PATH, and none could be installed. Install one, for example by`,
    '  sudo apt-get install chromium     or     brew install --cask google-chrome',
    ...(problem ? [problem] : []),
  ].join('\n'))
}

function findChromium (): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...USUAL]
  const found = NAMES.map((name) => findProgram(folders, name)).find((path) => path !== undefined)
  return found ?? ['Google Chrome', 'Chromium'].map((name) => findProgram(MAC, name)).find((path) => path !== undefined)
}
