// @ts-check
import {
  AsyncGeneratorFunctionPrototype, GeneratorFunctionPrototype, JSONParse, ReflectApply, ReflectGetPrototypeOf, TypeErrorConstructor, safe,
} from './intrinsics.js'
import { KnownFailure } from './errors.js'
import { createFunctionRun, isThenable } from './record-functions.js'
import { createRecordCheckpoint, createRecords, drain } from './record-generator.js'
import { createOutput } from './record-output.js'
import { createSource } from './record-source.js'
import { serializeRecord } from './result.js'
import { freeze } from './tools.js'

/**
 * What the parts of a transform share.
 * @typedef {{
 *   source: ReturnType<typeof createSource>,
 *   output: ReturnType<typeof createOutput>,
 *   context: unknown,
 *   failRecord: (thrown: unknown) => boolean,
 *   fail: (thrown: unknown) => void,
 *   warn: (message: string) => void,
 * }} TransformRun
 * `failRecord` is told what the record that was taken last failed with, and answers whether the run goes on.
 *
 * @typedef {{ skip: boolean, maxRecordBytes: number }} RecordSettings
 */

/**
 * Takes records through the code of one run. What the host brings comes by `feed`, what it has written is told by `written`.
 * @param {{
 *   settings: RecordSettings,
 *   stateText: string,
 *   post: (taken: number, text: string, count: number, rejects: string, state: string | null) => void,
 *   succeed: (value: unknown) => void,
 *   fail: (thrown: unknown, record?: number) => void,
 *   warn: (message: string) => void,
 * }} options `stateText` is JSON, or empty
 */
export function createTransform ({ settings, stateText, post, succeed, fail, warn }) {
  const source = createSource(() => output.flush())
  const output = createOutput({ post, taken: () => functionRun?.done ?? source.taken, maxRecordBytes: settings.maxRecordBytes })
  /** @type {ReturnType<typeof createFunctionRun> | undefined} */
  let functionRun
  let isWarned = false

  /** @param {unknown} thrown */
  function failRecord (thrown) {
    const isSkipped = settings.skip && source.taken > 0
    if (isSkipped) output.reject(source.taken, thrown)
    else fail(thrown, source.taken)
    return isSkipped
  }

  /** Says once what would be said again at every state. @param {string} message */
  function warnOnce (message) {
    if (!isWarned) warn(message)
    isWarned = true
  }

  /** @param {unknown} entry @param {string} name @param {(checkpoint: object) => object} buildContext */
  async function run (entry, name, buildContext) {
    await undefined // as with any entry: no module is being evaluated any more
    try {
      const shape = readShape(entry, name)
      const context = buildContext(shape.isGenerator ? createRecordCheckpoint({ output }, stateText) : AUTOMATIC)
      const parts = { source, output, context, failRecord, fail, warn: warnOnce }
      if (shape.isGenerator) {
        const value = await safe(drain(parts, ReflectApply(/** @type {Function} */ (shape.functions.map), undefined, [createRecords(parts), context]), 'The generator', failRecord))
        output.flush()
        return succeed(value)
      }
      await safe(runFunctions(parts, shape))
    } catch (thrown) {
      fail(thrown)
    }
  }

  /** @param {TransformRun} parts @param {Shape} shape */
  async function runFunctions (parts, { functions, initial, flush }) {
    const begin = stateText === '' ? typeof initial === 'function' ? ReflectApply(initial, functions.self, [parts.context]) : initial : JSONParse(stateText)
    functionRun = createFunctionRun(parts, functions, isThenable(begin) ? await begin : begin ?? null)
    functionRun.onEnd((accumulator) => void end(parts, accumulator, { functions, flush }))
    functionRun.pump()
  }

  /** @param {TransformRun} parts @param {unknown} accumulator @param {Pick<Shape, 'functions' | 'flush'>} shape */
  async function end (parts, accumulator, { functions, flush }) {
    try {
      if (flush !== undefined) {
        const given = ReflectApply(flush, functions.self, [accumulator, parts.context])
        const records = isThenable(given) ? await given : given
        if (records !== undefined && records !== null) await safe(drain(parts, records, '"flush"', (thrown) => { throw thrown }))
      } else if (functions.reduce !== undefined) {
        output.write(serializeRecord(accumulator))
      }
      output.flush()
      succeed(functions.reduce === undefined ? null : accumulator)
    } catch (thrown) {
      fail(thrown)
    }
  }

  return {
    run,
    /** Brings records, one a line; an empty text says that there are no more. @param {string} text */
    feed (text) {
      source.push(text)
      functionRun?.pump()
    },
    /** The oldest piece of output that was not written is. */
    written () {
      output.written()
      functionRun?.pump()
    },
    /** Some time has passed: what was made is handed over, with a state if it is time for one. @param {boolean} wantsState */
    nudge (wantsState) {
      if (wantsState) functionRun?.ask()
      output.flush()
    },
  }
}

/** @typedef {{ isGenerator: boolean, functions: import('./record-functions.js').Functions, initial: unknown, flush: Function | undefined }} Shape */

/** Tells what a transform's entry is. Throws a KnownFailure for what is none. @param {unknown} entry @param {string} name @returns {Shape} */
function readShape (entry, name) {
  if (typeof entry === 'function') return { isGenerator: isGeneratorFunction(entry), functions: { self: undefined, filter: undefined, map: entry, reduce: undefined }, initial: undefined, flush: undefined }
  if (typeof entry !== 'object' || entry === null) throw new KnownFailure('ENTRY_ERROR', 'EntryError', `Entry "${name}" is neither a function nor an object of functions`)
  const { filter, map, reduce, initial, flush } = /** @type {Record<string, any>} */ (entry)
  check('filter', filter)
  check('map', map)
  check('reduce', reduce)
  check('flush', flush)
  if (filter === undefined && map === undefined && reduce === undefined && flush === undefined) throw new KnownFailure('ENTRY_ERROR', 'EntryError', `Entry "${name}" has no function of "filter", "map", "reduce" and "flush"`)
  return { isGenerator: false, functions: { self: entry, filter, map, reduce }, initial, flush }
}

/** @param {string} name @param {unknown} member */
function check (name, member) {
  if (member !== undefined && typeof member !== 'function') throw new KnownFailure('ENTRY_ERROR', 'EntryError', `"${name}" of the entry is not a function`)
}

/** @param {Function} entry */
function isGeneratorFunction (entry) {
  const prototype = ReflectGetPrototypeOf(entry)
  return prototype === GeneratorFunctionPrototype || prototype === AsyncGeneratorFunctionPrototype
}

const NOT_HERE = 'Cannot use the checkpoint: those of a transform of functions are automatic; write it as a generator to keep states yourself'
/** Where functions are called for each record, nobody but us knows between which of them a state is whole. */
const AUTOMATIC = freeze({
  async save () { throw new TypeErrorConstructor(NOT_HERE) },
  async load () { throw new TypeErrorConstructor(NOT_HERE) },
})
