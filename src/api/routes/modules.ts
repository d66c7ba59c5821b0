import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { ModuleList } from '../../modules/list-modules.ts'
import { withProblems } from '../problem.ts'

const Modules = z.object({
  packages: z.array(z.object({
    name: z.string(),
    version: z.string(),
    licence: z.string().describe('As the package has it, mostly an SPDX expression'),
    source: z.enum(['shipped', 'operator']),
    modules: z.array(z.object({
      specifier: z.string().describe('What a job imports, as in `date-fns/locale`'),
      exports: z.int().describe('How many names it exports'),
      characters: z.int().describe('Script that is loaded with it; a job that does not import it pays nothing for it'),
    })),
  })),
  builtins: z.array(z.string()).describe('Modules of Node; the prefix of their names may be left out'),
})

/** What the code of jobs may import. */
export const moduleRoutes: FastifyPluginAsyncZod<{ listModules (): Promise<ModuleList> }> = async (app, { listModules }) => {
  app.get('/v1/modules', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['jobs'],
      summary: 'Modules that the code of jobs may import',
      querystring: z.strictObject({}),
      response: withProblems({ 200: Modules }),
    },
  }, async () => {
    const { packages, node } = await listModules()
    return {
      packages: packages.map(({ name, version, licence, source, modules }) => ({
        name, version, licence, source, modules: modules.map(({ specifier, exports, size }) => ({ specifier, exports, characters: size })),
      })),
      builtins: node.map((name) => `node:${name}`),
    }
  })
}
