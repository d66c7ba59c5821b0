import { createCompression } from './compression.ts'
import { createCrypto } from './crypto.ts'
import type { Native } from './native.ts'
import { createRandom } from './random.ts'
import { createText } from './text.ts'
import { createUrl } from './url.ts'
import { createZlib } from './zlib.ts'

/** Natives of tools, by the name of the tool that each answers for. One is made for each run that is granted the tool. */
export const NATIVES: Readonly<Record<string, (config: unknown) => Native>> = { crypto: createCrypto }

/** Natives of the platform, which every run has, by names that no tool can have. One is made for each run that asks it. */
export const PLATFORM_NATIVES: Readonly<Record<string, () => Native>> = {
  'platform:compression': createCompression, 'platform:random': createRandom, 'platform:text': createText, 'platform:url': createUrl, 'platform:zlib': createZlib,
}
