import type { Plugin } from '../../src/engine/library.ts'

const HEADER = /^\/\/ SPDX-License-Identifier: (?<licence>[\w.+-]+)$/m

/** Refuses code that does not say under what licence it stands, or stands under another than those allowed. */
export function requireLicence (allowed: readonly string[]): Plugin {
  return {
    name: 'licence',
    setup (api) {
      api.on('onValidate', (run) => {
        const licence = HEADER.exec(run.request.code)?.groups?.['licence']
        if (licence !== undefined && allowed.includes(licence)) return
        const found = licence === undefined ? 'it has no SPDX-License-Identifier' : `its licence is ${licence}`
        run.fail('INVALID', `Cannot run code: ${found}; allowed are ${allowed.join(', ')}`)
      })
    },
  }
}
