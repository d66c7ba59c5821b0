import { STATUS_CODES } from 'node:http'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import fp from 'fastify-plugin'
import { WEBHOOK_DOCUMENTATION } from '../webhook-documentation.ts'

/** Where the reference is served; open to all. */
export const DOCS_PATH = '/docs'

export interface DocumentationOptions {
  version: string
}

const DOCS_POLICY = "default-src 'none'; base-uri 'none'; connect-src 'self'; font-src 'self'; form-action 'none'; frame-ancestors 'none'; img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'"
const DESCRIPTION = 'Runs code its operator did not write, as jobs: contained, retried, traced, never lost.'

/** Serves `/openapi.json`, made from the schemas that validate, and the reference under `/docs`. Must come before the routes. */
export const documentation = fp<DocumentationOptions>(async (app, { version }) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Batchbox', version, description: DESCRIPTION },
      tags: [
        { name: 'jobs', description: 'Code that is run once accepted: posted, followed and read back' },
        { name: 'files', description: 'Inputs and outputs of jobs that are larger than JSON may be: uploaded, continued and downloaded as streams' },
        { name: 'batches', description: 'Many jobs, posted and followed as one' },
        { name: 'dead letters', description: 'Jobs that were given up: why they died, to be replayed or purged' },
        { name: 'execute', description: 'Code and its answer in one request' },
        { name: 'flow', description: 'Blocks of code of automation products, run at once and not kept' },
        { name: 'keys', description: 'API keys: what they may do and how much of it, and what administrators did' },
        { name: 'functions', description: 'Jobs that are kept by a name, in versions, and called by it' },
        { name: 'secrets', description: 'Values that jobs may be given, and that are answered to nobody' },
        { name: 'webhooks', description: 'Where events of jobs and batches are posted to, and what became of each delivery' },
        { name: 'health', description: 'For load balancers and supervisors' },
      ],
      webhooks: WEBHOOK_DOCUMENTATION,
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
      security: [{ apiKey: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => complete(jsonSchemaTransformObject(document)),
  })

  app.get('/openapi.json', { config: { access: 'open' }, schema: { hide: true } }, async () => app.swagger())

  await app.register(swaggerUi, {
    routePrefix: DOCS_PATH,
    staticCSP: DOCS_POLICY,
    uiConfig: { validatorUrl: null }, // the default sends the reference to somebody else's server
    theme: { title: 'Batchbox', css: [{ filename: 'batchbox.css', content: '.swagger-ui .topbar { display: none }' }] },
  })
}, { name: 'documentation' })

type Made = ReturnType<typeof jsonSchemaTransformObject>

/** What there is in it of what is changed here. */
interface Reference {
  components: { schemas: Record<string, object> }
  paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>
}

/** Leaves out schemas that nothing refers to (a second form of each is made for requests), and describes an answer by its status where nobody did. */
function complete (made: Made): Made {
  const text = JSON.stringify(made, leaveOut)
  const reference = JSON.parse(text) as Reference // jsonSchemaTransformObject made it
  const { components: { schemas }, paths } = reference
  for (const [name, schema] of Object.entries(schemas)) if (countReferences(text, name) === countReferences(JSON.stringify(schema), name)) delete schemas[name]
  for (const { responses } of Object.values(paths).flatMap((path) => Object.values(path))) {
    for (const [status, response] of Object.entries(responses)) {
      if (response.description === 'Default Response') response.description = STATUS_CODES[status] ?? status
    }
  }
  return reference as unknown as Made
}

/** A schema may refer to itself. */
function countReferences (text: string, name: string): number {
  return text.split(`"#/components/schemas/${name}"`).length
}

/** Bounds that every integer has, and patterns beside the format of a time, tell nobody anything, and have the page show absurd examples. */
function leaveOut (this: Record<string, unknown>, name: string, value: unknown): unknown {
  const isSaid = value === Number.MIN_SAFE_INTEGER || value === Number.MAX_SAFE_INTEGER || (name === 'pattern' && this['format'] === 'date-time')
  return isSaid ? undefined : value
}
