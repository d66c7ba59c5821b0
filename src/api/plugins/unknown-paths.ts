import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { JobError } from '../../core/failures.ts'

/** Answers NOT_FOUND for a path that nothing serves and METHOD_NOT_ALLOWED for a method that it does not take, before a body is read. Must come after authentication. */
export const unknownPaths = fp(async (app) => {
  const methodsOf = collectRoutes()
  app.addHook('onRoute', ({ url, method }) => methodsOf.add(url, [method].flat()))
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return
    const failure = describeUnknown(request, methodsOf.find(request.url.split('?', 1)[0] ?? ''))
    if (failure.allowed) reply.header('allow', failure.allowed)
    throw failure.error
  })
  app.setNotFoundHandler(async (request) => { throw describeUnknown(request, []).error })
}, { name: 'unknown-paths', dependencies: ['authentication'] })

function describeUnknown ({ method }: FastifyRequest, methods: readonly string[]): { error: JobError, allowed?: string } {
  if (methods.length === 0) return { error: new JobError('NOT_FOUND', `Cannot ${method} this path: there is nothing here`) }
  const allowed = methods.join(', ')
  return { error: new JobError('METHOD_NOT_ALLOWED', `Cannot ${method} this path: it answers ${allowed}`), allowed }
}

/** Remembers the methods of each path, so that a wrong method is told from a wrong path. */
function collectRoutes () {
  const routes = new Map<string, { pattern: RegExp, methods: Set<string> }>()
  return {
    add (url: string, methods: string[]): void {
      const route = routes.get(url) ?? { pattern: buildPattern(url), methods: new Set() }
      for (const method of methods) route.methods.add(method)
      routes.set(url, route)
    },
    find (path: string): string[] {
      const methods = new Set<string>()
      for (const route of routes.values()) {
        if (route.pattern.test(path)) for (const method of route.methods) methods.add(method)
      }
      return [...methods]
    },
  }
}

function buildPattern (url: string): RegExp {
  const source = url.split(/(:[^/]+|\*)/).map((part) => {
    if (part === '*') return '.*'
    return part.startsWith(':') ? '[^/]+' : RegExp.escape(part)
  })
  return new RegExp(`^${source.join('')}$`)
}
