import { createCrypto } from './crypto.ts'
import type { Native } from './native.ts'

/** Every native there is, by the name of the tool that it answers for. One is made for each run. */
export const NATIVES: Readonly<Record<string, (config: unknown) => Native>> = { crypto: createCrypto }
