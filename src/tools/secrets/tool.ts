import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { SECRET_BOUNDS, SecretName } from '../../core/secret.ts'
import { defineMethod, defineTool, perRun, ToolError, type ToolRun } from '../tool.ts'

/** Gives a job the secrets that it names. What was given is kept out of everything that the run leaves, from before it is given. */
export default defineTool({
  name: 'secrets',
  description: 'values that an operator stored, given to jobs that name them and kept out of what those leave',
  config: z.strictObject({}),
  guest: new URL('./guest.js', import.meta.url),
  setup: () => ({
    get: defineMethod({
      input: z.strictObject({ name: SecretName }),
      output: z.string(),
      async run ({ name }, { run }) {
        if (!run.secrets.includes(name)) {
          run.receipt.deny({ grant: 'secret', target: name, reason: 'The job does not name it' })
          throw new ToolError(`Cannot get secret "${name}": the job does not name it among its secrets`, { code: 'PERMISSION_DENIED' })
        }
        const value = await readSecret(run, name)
        takeBytes(run, name, value)
        run.conceal(name, value)
        run.receipt.use({ grant: 'secret', target: name })
        return value
      },
    }),
  }),
})

const givenTo = perRun(() => ({ values: new Set<string>(), bytes: 0 }))

/** What was given once costs nothing more. */
function takeBytes (run: ToolRun, name: string, value: string): void {
  const given = givenTo(run)
  if (given.values.has(value)) return
  const bytes = given.bytes + Buffer.byteLength(value)
  if (bytes > SECRET_BOUNDS.perRunBytes) throw new ToolError(`Cannot get secret "${name}": with it the run would have ${bytes} bytes of secrets, allowed are ${SECRET_BOUNDS.perRunBytes}`, { code: 'TOOL_LIMIT' })
  given.values.add(value)
  given.bytes = bytes
}

async function readSecret ({ tenant, services }: ToolRun, name: string): Promise<string> {
  if (!services.secrets) throw new ToolError('Cannot use secrets: the engine was started without a store')
  const value = await services.secrets.read(tenant, name).catch((error: unknown) => {
    throw error instanceof JobError ? new ToolError(error.message, { cause: error }) : error
  })
  if (value === undefined) throw new ToolError(`Cannot get secret "${name}": the tenant has none of that name; store it with PUT /v1/secrets/${name}`)
  return value
}
