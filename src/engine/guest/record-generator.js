// @ts-check
import { JSONParse, JSONStringify, PromiseConstructor, ReflectApply, SymbolAsyncIterator, SymbolIterator, TypeErrorConstructor, defineValue, safe, utf8Length } from './intrinsics.js'
import { isThenable } from './record-functions.js'
import { parseRecord } from './record-source.js'
import { STATE_BYTES } from './record-state.js'
import { serializeRecord } from './result.js'
import { freeze } from './tools.js'

/**
 * Makes the records that a generator reads: an async iterable of which there is only one. A loop over it may be left and begun again: it goes
 * on where it was.
 * @param {import('./transform.js').TransformRun} run
 */
export function createRecords ({ source, output, failRecord }) {
  const records = {
    async next () {
      for (;;) {
        const line = source.nextLine()
        if (line !== undefined) {
          try {
            return { value: parseRecord(line), done: false }
          } catch (thrown) {
            if (!failRecord(thrown)) await safe(new PromiseConstructor(() => {})) // the run is over
            if (output.isFull) await output.room()
            continue
          }
        }
        output.flush() // code waits: what it made is not to
        if (source.isOver) return { value: undefined, done: true }
        await source.more()
      }
    },
    async return () {
      return { value: undefined, done: true }
    },
  }
  defineValue(records, SymbolAsyncIterator, () => records)
  return freeze(records)
}

/**
 * Takes what an iterator of user code gives, as fast as it is written. Answers what it returns.
 * @param {Pick<import('./transform.js').TransformRun, 'output'>} run @param {unknown} iterable @param {string} what it is called
 * @param {(thrown: unknown) => boolean} failValue told of a value that is no record; answers whether to go on
 */
export async function drain ({ output }, iterable, what, failValue) {
  const { iterator, next } = openIterator(iterable, what)
  for (;;) {
    const given = ReflectApply(next, iterator, [])
    const step = /** @type {{ value?: unknown, done?: boolean }} */ (isThenable(given) ? await given : given)
    const isDone = step.done
    const value = step.value
    if (isDone) return isThenable(value) ? await value : value
    const record = isThenable(value) ? await value : value
    if (record !== undefined) {
      try {
        output.write(serializeRecord(record))
      } catch (thrown) {
        if (!failValue(thrown)) return
      }
    }
    if (output.isFull) await output.room()
  }
}

/** As `for await` does. @param {unknown} iterable @param {string} what @returns {{ iterator: unknown, next: Function }} */
function openIterator (iterable, what) {
  if (typeof iterable === 'object' && iterable !== null) {
    const open = /** @type {any} */ (iterable)[SymbolAsyncIterator] ?? /** @type {any} */ (iterable)[SymbolIterator]
    if (typeof open === 'function') {
      const iterator = ReflectApply(open, iterable, [])
      const next = iterator?.next
      if (typeof next === 'function') return { iterator, next }
    }
  }
  throw new TypeErrorConstructor(`${what} gave something that is no iterable of records`)
}

/**
 * What a generator sees as `context.checkpoint`: a state is committed with all that was yielded before it.
 * @param {Pick<import('./transform.js').TransformRun, 'output'>} run @param {string} stateText JSON, or empty
 */
export function createRecordCheckpoint ({ output }, stateText) {
  let last = stateText
  let isSaving = false
  return freeze({
    /** Resolves when the state is committed, with what was yielded up to here. @param {unknown} state */
    async save (state) {
      const text = JSONStringify(state)
      if (typeof text !== 'string') throw new TypeErrorConstructor('Cannot save the checkpoint: the state has no JSON form')
      const bytes = utf8Length(text)
      if (bytes > STATE_BYTES) throw new TypeErrorConstructor(`Cannot save the checkpoint: the state has ${bytes} bytes as JSON, allowed are ${STATE_BYTES}`)
      if (isSaving) throw new TypeErrorConstructor('Cannot save the checkpoint: the one before is not saved yet; await it first')
      isSaving = true
      await safe(new PromiseConstructor((/** @type {(value?: unknown) => void} */ resolve) => { output.commit(text, resolve) }))
      isSaving = false
      last = text
    },

    /** Resolves with the state that was saved last, by any run of the job; undefined where there is none. */
    async load () {
      return last === '' ? undefined : JSONParse(last)
    },
  })
}
