import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEngine } from '../../helpers/engine.ts'

const { resultOf, failureOf } = await startEngine({ lanes: 1, spares: 1 })

/** Runs a program inside a job and here, where Node's own classes answer. */
async function same (program: () => unknown): Promise<void> {
  assert.deepEqual(await resultOf(`export default ${program.toString()}`), JSON.parse(JSON.stringify(program())))
}

test('names, messages and numbers are those of Web IDL', async () => {
  await same(() => {
    const names = [
      'IndexSizeError', 'HierarchyRequestError', 'WrongDocumentError', 'InvalidCharacterError', 'NoModificationAllowedError', 'NotFoundError', 'NotSupportedError',
      'InUseAttributeError', 'InvalidStateError', 'SyntaxError', 'InvalidModificationError', 'NamespaceError', 'InvalidAccessError', 'TypeMismatchError', 'SecurityError',
      'NetworkError', 'AbortError', 'URLMismatchError', 'QuotaExceededError', 'TimeoutError', 'InvalidNodeTypeError', 'DataCloneError', 'EncodingError', 'NotReadableError',
      'UnknownError', 'ConstraintError', 'DataError', 'OperationError', 'NotAllowedError', 'OptOutError', 'toString', '__proto__', '',
    ]
    const made = names.map((name) => new DOMException('what', name)).map(({ name, message, code }) => [name, message, code])
    const plain = [new DOMException(), new DOMException(undefined, undefined), new DOMException(null as never, 5 as never)].map(({ name, message, code }) => [name, message, code])
    return [made, plain]
  })
})

test('the class has the shape that Web IDL gives it', async () => {
  await same(() => {
    const error = new DOMException('what', 'AbortError')
    const describe = (holder: object) => Object.fromEntries(Object.entries(Object.getOwnPropertyDescriptors(holder)).filter(([key, { value }]) => /^[A-Z_]+$/.test(key) || value === undefined).map(([key, { value, writable, enumerable, configurable, get, set }]) => [key, value ?? [get?.name, set?.name], writable, enumerable, configurable]))
    const global = Object.getOwnPropertyDescriptor(globalThis, 'DOMException')
    return [
      describe(DOMException), describe(DOMException.prototype), DOMException.length, DOMException.name, String(error), Object.prototype.toString.call(error), Object.keys(error),
      Object.getOwnPropertyNames(error), error instanceof Error, error instanceof DOMException, Error.isError(error), Object.getPrototypeOf(DOMException) === Function.prototype,
      Object.getPrototypeOf(DOMException.prototype) === Error.prototype, typeof error.stack, error.stack?.split('\n')[0], global?.enumerable, global?.writable, global?.configurable,
      Object.getOwnPropertyDescriptor(DOMException.prototype, Symbol.toStringTag),
    ]
  })
})

test('what is no DOMException has no name of one', async () => {
  await same(() => {
    const read = (key: string, self: unknown) => {
      try {
        return String(Reflect.get(DOMException.prototype, key, self))
      } catch (error) {
        return (error as Error).name
      }
    }
    const call = (make: () => unknown) => {
      try {
        return String(make())
      } catch (error) {
        return (error as Error).name
      }
    }
    return [
      read('name', {}), read('message', DOMException.prototype), read('code', new Error('x')), read('name', Object.create(new DOMException('x'))),
      call(() => (DOMException as unknown as () => unknown)()), call(() => new DOMException(Symbol('x') as never)),
      call(() => { class Own extends DOMException { override toString () { return `own ${this.name}` } } return new Own('m', 'DataError') }),
    ]
  })
})

test('a QuotaExceededError tells what was allowed and what was wanted', async () => {
  await same(() => {
    const errors = [
      new QuotaExceededError(), new QuotaExceededError('m', { quota: 1, requested: 2 }), new QuotaExceededError('m', { quota: 3 }), new QuotaExceededError('m', { requested: '4' as never }),
      new QuotaExceededError('m', undefined), new QuotaExceededError('m', {}),
    ]
    const refused = [{ quota: -1 }, { requested: -0.5 }, { quota: 2, requested: 1 }, { quota: NaN }, { quota: Infinity }, { quota: 'x' }].map((options) => {
      try {
        return new QuotaExceededError('m', options as never).name
      } catch (error) {
        return (error as Error).name
      }
    })
    return [
      errors.map(({ name, message, code, quota, requested }) => [name, message, code, quota, requested]), refused, errors[0] instanceof DOMException, errors[0] instanceof Error,
      Object.getPrototypeOf(QuotaExceededError) === DOMException, Object.prototype.toString.call(errors[0]), QuotaExceededError.length,
    ]
  })
})

test('a job that fails with one says which and where', async () => {
  const failure = await failureOf(`export default () => {\n  throw new DOMException('Cannot go on', 'AbortError')\n}`)

  assert.deepEqual([failure.code, failure.name, failure.message], ['USER_ERROR', 'AbortError', 'Cannot go on'])
  assert.match(failure.stack ?? '', /^AbortError: Cannot go on\n {4}at default \(job\.js:2:/)
})

test('neither asks user code for anything when the guest makes one', async () => {
  const touched = await resultOf(`export default async () => {
    const touched = []
    const watch = (holder, key) => Object.defineProperty(holder, key, { configurable: true, get () { touched.push(key) }, set () { touched.push(key) } })
    for (const key of ['name', 'message', 'cause', 'quota', 'requested', 'options', '0', 'get', 'value']) watch(Object.prototype, key)
    Object.setPrototypeOf(QuotaExceededError, function () { touched.push('parent'); return {} })
    const made = [new QuotaExceededError('m', { __proto__: null }).code, new DOMException('m', 'DataError').code]
    return [touched, made]
  }`)

  assert.deepEqual(touched, [[], [22, 0]])
})
