import { jsonata } from './jsonata.ts'
import { requireLicence } from './licence.ts'
import { cacheResults } from './result-cache.ts'

/** What the workers of a service are given: `BATCHBOX_PLUGINS=examples/plugins/service.ts npm start`. */
export default [requireLicence(['MIT', 'ISC']), jsonata, cacheResults({ max: 1000 })]
