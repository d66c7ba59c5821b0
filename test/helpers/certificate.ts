import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

let folder: string | undefined
after(() => { if (folder !== undefined) rmSync(folder, { recursive: true }) })

/** Makes a certificate that has signed itself, for a name, by OpenSSL. Its file lasts as long as the tests of the file that asks for it. */
export function makeCertificate (name: string, ...options: string[]): { key: string, cert: string, file: string } {
  folder ??= mkdtempSync(join(tmpdir(), 'batchbox-tls-'))
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert, ...options], { stdio: 'pipe' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), file: cert }
}
