/**
 * Walks everything that can be reached from some roots, through members, symbols, accessors and prototypes, and from values that only
 * syntax gives. It is sent into a sandbox as text: it may use nothing but the language.
 */
export function walkGlobals (roots: [string, unknown][]): { natives: string[], own: string[], foreign: string[], visited: number } {
  const natives = new Set<string>()
  const own = new Set<string>()
  const foreign: string[] = []
  const seen = new Set<unknown>()
  const realm = new Set<unknown>([null, Object.prototype, Function.prototype])
  const isHandle = /isolate|externalcopy|apply(sync|ignored)|derefinto|transferin|__ivm|nativemodule|batchbox/i
  const syntax: [string, unknown][] = [
    ['generator', (function * () {})()], ['asyncGenerator', (async function * () {})()], ['promise', (async () => {})()], ['async function', async () => {}], ['regexp', /x/], ['date', new Date(0)],
    ['arguments', (function () { return arguments })()], ['map iterator', new Map().entries()], ['set iterator', new Set().values()],
    ['array iterator', [].values()], ['string iterator', ''[Symbol.iterator]()], ['match iterator', 'x'.matchAll(/x/g)],
    ['segments', typeof Intl === 'undefined' ? null : new Intl.Segmenter().segment('x')[Symbol.iterator]()], ['error', new Error('x')],
    ['iterator helper', [1].values().map((x) => x)], ['wrapped iterator', Iterator.from({ next: () => ({ done: true, value: 1 }) })],
    ['revocable', Proxy.revocable({}, {})], ['finally', Promise.resolve().finally(() => {})], ['resolvers', Promise.withResolvers()],
  ]
  const queue: [string, unknown][] = [...roots, ...syntax]

  for (let at = 0; at < queue.length; at++) {
    const [path, value] = queue[at]! // below the length
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue
    seen.add(value)
    if (typeof value === 'function') sort(value, path)
    const prototype: unknown = Object.getPrototypeOf(value)
    queue.push([`${path}.[[Prototype]]`, prototype])
    if (!endsInRealm(value)) foreign.push(`${path}: its prototypes do not end in this realm`)
    for (const key of Reflect.ownKeys(value)) {
      const name = `${path}.${String(key)}`
      if (isHandle.test(String(key))) foreign.push(name)
      const descriptor = Object.getOwnPropertyDescriptor(value, key)
      if (!descriptor) continue
      queue.push([name, descriptor.value], [`get ${name}`, descriptor.get], [`set ${name}`, descriptor.set])
      if (descriptor.get) queue.push([`${name}()`, read(value, key)])
    }
  }
  return { natives: [...natives].sort(), own: [...own].sort(), foreign, visited: seen.size }

  function sort (value: object & { name?: unknown }, path: string): void {
    const text = Function.prototype.toString.call(value)
    const { name } = value
    if (/\{\s*\[native code\]\s*\}$/.test(text)) natives.add(`${typeof name === 'string' ? name : path}`)
    else if (typeof name === 'string' && name !== '') own.add(name)
    else own.add(path)
  }

  function endsInRealm (value: object): boolean {
    let last: object | null = value
    for (let next: object | null = value; next !== null; next = Object.getPrototypeOf(next) as object | null) last = next // prototypes are objects
    return last === value ? realm.has(value) || Object.getPrototypeOf(value) === null : realm.has(last)
  }

  function read (holder: object, key: PropertyKey): unknown {
    try {
      const value: unknown = Reflect.get(holder, key)
      if (value instanceof Promise) value.catch(() => {}) // a getter of a class says so where another would throw
      return value
    } catch {
      return undefined
    }
  }
}
