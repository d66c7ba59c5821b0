import { UNIT_GLOBALS } from '../../../src/engine/guest/web-globals.ts'
import { walkGlobals } from '../../engine/guest/walk-globals.ts'
import { type Attack, type AttackGroup, inEntry, isStoppedBy, NOTHING_FOUND } from '../attack.ts'

/** Names of everything on the global object that the language does not bring along, and one object of each class that code can make. */
const MAKE_ALL = `
  const names = Object.getOwnPropertyNames(globalThis).filter((name) => name !== 'globalThis' && name !== 'self')
  const made = [
    () => new URL('https://ü.example/a?b=c#d'), () => new URLSearchParams('a=b').entries(), () => new URLPattern({ pathname: '/:a(b+)' }).exec('https://h/b'), () => new TextEncoder().encode('é'), () => new TextDecoder('shift_jis'), () => new TextDecoderStream(),
    () => new ReadableStream().getReader(), () => new WritableStream().getWriter(), () => new TransformStream(), () => new CompressionStream('gzip'), () => new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' }), () => ReadableStream.from([1]).values(),
    () => new CountQueuingStrategy({ highWaterMark: 1 }), () => new Blob(['x']).stream(), () => new File(['x'], 'n'), () => new FormData(), () => new Headers({ a: 'b' }).entries(), () => new Request('https://h/', { method: 'POST', body: 'x' }), () => new Response('x'),
    () => new Event('x'), () => new CustomEvent('x', { detail: 1 }), () => new EventTarget(), () => new AbortController(), () => AbortSignal.timeout(1), () => new MessageChannel(), () => new MessageEvent('x'), () => new DOMException('m', 'AbortError'), () => structuredClone(new Map([[1, new Error('e')]])),
    () => Buffer.from('x'), () => URL.createObjectURL(new Blob(['x'])), () => performance.toJSON(),
  ].map((make) => { try { return make() } catch (error) { return error } })`

/** Those that are made when they are first touched. */
const LAZY = JSON.stringify(Object.values(UNIT_GLOBALS).flat())

/** Whatever of the host's can be in a text: files, Node's own modules, isolated-vm. */
const HOST = String.raw`/file:\/\/|node:internal|isolated-vm|\/src\/|\.ts\b|node_modules/`

/** A flood of what is answered outside of the isolate, or in it at one go: the run's own time ends it. */
const flood = (name: string, body: string): Attack => ({ name: `a flood of ${name}`, code: inEntry(`for (let i = 0; ; i++) { ${body} }`), options: { limits: { timeoutMs: 500 } }, end: isStoppedBy('TIMEOUT', 500) })

/** What is looked for on prototypes when a part of the platform is made or used, changed before the first of it is touched. */
const poison = (what: string, code: string): Attack => ({
  name: `${what} changed before anything is touched`,
  code: `${code}
    export default () => {
      const names = Reflect.ownKeys(globalThis)
      for (let i = 0; i < names.length; i++) {
        try { globalThis[names[i]] } catch {}
        try { new globalThis[names[i]]('https://h/') } catch {}
      }
      return { a: 1 }
    }`,
  end: { result: { a: 1 } },
})

/** The standard web APIs: made when they are first touched, when code may have changed all that they are made of. */
export const platform: AttackGroup = {
  name: 'the platform',
  attacks: [
    {
      name: 'a walk from every global, and from objects of every class, to another realm or a handle of the host',
      code: `${walkGlobals.toString()}
        ${inEntry(`${MAKE_ALL}
        return walkGlobals([['globalThis', globalThis], ...names.map((name) => [name, globalThis[name]]), ...made.map((value, i) => ['made ' + i, value])]).foreign`)}`,
      options: { limits: { timeoutMs: 60_000 } },
      end: NOTHING_FOUND,
    },
    {
      name: 'code from text, by the constructor of every function that can be reached',
      code: inEntry(`${MAKE_ALL}
        const seen = new Set(), queue = [...names.map((name) => globalThis[name]), ...made], found = []
        for (let i = 0; i < queue.length; i++) {
          const value = queue[i]
          if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) continue
          seen.add(value)
          queue.push(Object.getPrototypeOf(value))
          for (const key of Reflect.ownKeys(value)) {
            const { value: member, get, set } = Object.getOwnPropertyDescriptor(value, key) ?? {}
            queue.push(member, get, set)
          }
          if (typeof value !== 'function') continue
          for (const make of [value, value.constructor]) {
            if (typeof make?.prototype === 'function' || make?.name?.endsWith('Function')) {
              try { if (typeof make('return 1') === 'function') found.push(make.name) } catch {}
              try { if (typeof new make('return 1') === 'function') found.push(make.name) } catch {}
            }
          }
        }
        return seen.size > 500 ? found : ['it saw ' + seen.size]`),
      options: { limits: { timeoutMs: 60_000 } },
      end: NOTHING_FOUND,
    },
    {
      name: 'errors of every function of the platform, for what their stacks tell of the host',
      code: inEntry(`${MAKE_ALL}
        const told = []
        const listen = (what, error) => {
          const text = [error?.name, error?.message, error?.stack, error?.cause?.stack, error?.code].join(' ')
          if (${HOST}.test(text)) told.push(what + ': ' + text)
        }
        const trap = { get x () { throw new Error('mine') }, toString () { throw new Error('mine') } }
        const waits = []
        for (const name of ${LAZY}) {
          const value = globalThis[name]
          if (typeof value !== 'function') continue
          const methods = [[value, undefined], ...[value, value.prototype ?? {}].flatMap((holder) => Object.getOwnPropertyNames(holder).filter((key) => !/^(arguments|caller)$/.test(key)).map((key) => [Object.getOwnPropertyDescriptor(holder, key), holder]).map(([{ value, get }, holder]) => [value ?? get, holder]))]
          for (const [method, holder] of methods) {
            if (typeof method !== 'function') continue
            for (const args of [[], [trap, trap], [null, Symbol('s')]]) {
              try { const answer = method.apply(holder, args); if (answer instanceof Promise) waits.push(answer.catch((error) => listen(name, error))) } catch (error) { listen(name, error) }
              try { new method(...args) } catch (error) { listen(name, error) }
            }
          }
        }
        await Promise.race([Promise.all(waits), new Promise((resolve) => setTimeout(resolve, 200))])
        return told.slice(0, 5)`),
      options: { limits: { timeoutMs: 60_000 } },
      end: NOTHING_FOUND,
    },
    {
      name: 'a rejection that is handled only after a global was first touched',
      code: inEntry(`const told = []
        for (const touch of [() => new URL('https://h/'), () => new URL('https://ü.example/'), () => new TextDecoder('euc-kr'), () => new ReadableStream(), () => new Blob(['x']), () => structuredClone(1)]) {
          const mine = Promise.reject(new Error('mine'))
          try { touch() } catch (error) { told.push(error.stack) }
          mine.catch(() => {})
        }
        return told`),
      end: NOTHING_FOUND,
    },
    {
      name: 'promises that are settled while a global is first touched: what waits for them runs afterwards',
      code: inEntry(`const order = []
        for (const touch of [() => URL, () => new URL('https://ü.example/'), () => ReadableStream, () => Response, () => URLPattern]) { Promise.resolve().then(() => order.push('late')); touch(); order.push('now') }
        const seen = [...order]
        await null
        return seen`),
      end: { result: ['now', 'now', 'now', 'now', 'now'] },
    },
    poison('members of Object.prototype', `for (const name of ['get', 'set', 'value', 'then', 'href', 'url', 'text', 'type', 'signal', 'size', 'default', 'exports', 'message', 'failure', '0', '1', 'toJSON', 'next', 'done']) {
      Object.defineProperty(Object.prototype, name, { __proto__: null, configurable: true, get () { return undefined }, set () {} })
    }`),
    poison('all methods of arrays, texts, maps and promises', `for (const { prototype } of [String, Map, Set, WeakMap, WeakSet, RegExp, Uint8Array, Number, Array]) {
      for (const key of Reflect.ownKeys(prototype)) { try { if (typeof prototype[key] === 'function') prototype[key] = () => { throw new Error('poisoned') } } catch {} }
    }`),
    poison('functions that all of the guest stands on', `for (const holder of [Object, Reflect, JSON, Symbol, Promise, Array, String, Math]) {
      for (const key of ['defineProperty', 'getOwnPropertyDescriptor', 'create', 'setPrototypeOf', 'getPrototypeOf', 'apply', 'construct', 'ownKeys', 'parse', 'stringify', 'freeze', 'resolve', 'from', 'fromCharCode', 'max', 'for']) { if (key in holder && key !== 'ownKeys') holder[key] = () => { throw new Error('poisoned') } }
    }`),
    poison('the global object, frozen and', 'Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.preventExtensions(globalThis);'),
    {
      name: 'what parts of the platform hand to methods that code put in their place',
      code: `${walkGlobals.toString()}
        const heard = []
        const { push } = Array.prototype
        for (const { prototype } of [Array, Map, WeakMap, RegExp, String, Promise]) {
          for (const key of Reflect.ownKeys(prototype)) {
            const old = Object.getOwnPropertyDescriptor(prototype, key).value
            if (typeof old !== 'function' || key === 'constructor') continue
            const { apply } = Reflect
            prototype[key] = function (...args) { if (heard.length < 2000) heard[heard.length] = [this, args]; return apply(old, this, args) }
          }
        }
        ${inEntry(`${MAKE_ALL}
          await Promise.race([new Response('x').text(), new Promise((resolve) => setTimeout(resolve, 50))])
          return walkGlobals(heard.map((value, i) => ['heard ' + i, value])).foreign`)}`,
      options: { limits: { timeoutMs: 60_000 } },
      end: NOTHING_FOUND,
    },
    flood('domains', 'new URL("https://é" + i + ".example/")'),
    flood('patterns', 'new URLPattern({ pathname: "/:a" + i + "(x+x+)+y" }).test({ pathname: "/" + "x".repeat(30) })'),
    flood('encodings', 'new TextDecoder("gb18030").decode(new TextEncoder().encode("é".repeat(1000)))'),
    flood('clones', 'structuredClone({ list: [i, new Date(), new Map([[1, 2]])] })'),
    flood('Base64', 'atob(btoa("x".repeat(3000)))'),
    {
      name: 'domains that are far too long, and texts that are no domains',
      code: inEntry(`return ['é'.repeat(1e4), 'é' + '.a'.repeat(1e4), 'é\\0', 'é/../../etc', 'é?x', 'é#', 'é@h', 'é:1', '\\u2100', 'xn--' + 'é'.repeat(100), '＃é', 'é％００', '⑴é'].filter((host) => { const url = URL.parse('https://' + host.replace(/[?#/@:]/g, encodeURIComponent) + '/'); return url && /[^a-z0-9.()-]/.test(url.hostname) })`),
      end: NOTHING_FOUND,
    },
  ],
}
