// A Fastify route that reads the same request by the same schema, and does nothing with it. Says its port once it listens.
import { fastify } from 'fastify'
import { buildJobRequest } from '../../src/core/job-request.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { validatorCompiler } from '../../src/api/validation.ts'

const app = fastify({ logger: false })
app.setValidatorCompiler(validatorCompiler)
app.post('/v1/jobs', { schema: { body: buildJobRequest(DEFAULT_LIMIT_POLICY, []) } }, async (_request, reply) => reply.code(202).send({ status: 'queued' }))
const url = await app.listen({ host: '127.0.0.1', port: 0 })
process.on('message', () => process.send?.({ url }))
