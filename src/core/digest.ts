import { hash } from 'node:crypto'

/** SHA-256 (FIPS 180-4) of bytes or UTF-8 text, as lowercase hex. */
export function sha256 (data: string | Uint8Array): string {
  return hash('sha256', data, 'hex')
}
