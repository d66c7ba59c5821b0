// @ts-check
import { useUnit } from '../units.js'

// What stands where `node:crypto` meets what is not of Node's library.

/** The tool's own, which is there in runs that have it. */
export const buildWebCrypto = () => ({ get crypto () { return /** @type {any} */ (globalThis).crypto ?? missing } })

const refuse = () => useUnit('node:binding/crypto').readBounds()
const missing = { subtle: undefined, getRandomValues: refuse, randomUUID: refuse }

/** Certificates are read and checked by hosts that connect, which code here does not. */
export const buildCertificates = () => ({ X509Certificate, isX509Certificate: () => false })

function X509Certificate () {
  throw Object.assign(new Error('Cannot read certificate: X509Certificate is not available in the sandbox'), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' })
}
