// @ts-check
import { ReflectApply, append } from './intrinsics.js'
import { parseRecord } from './record-source.js'
import { writeState } from './record-state.js'
import { serializeRecord } from './result.js'

/**
 * Functions that are called for each record, in their order, and what is kept between records.
 * @typedef {{ self: unknown, filter: Function | undefined, map: Function | undefined, reduce: Function | undefined }} Functions
 * @typedef {{ kind: 'filter' | 'map' | 'reduce', call: Function }} Step
 */

/**
 * Takes records to functions of user code, one after another. What answers at once costs no turn: a record waits only where a function
 * gave a promise, or where too much is not yet written.
 * @param {import('./transform.js').TransformRun} run @param {Functions} functions @param {unknown} initial
 */
export function createFunctionRun ({ source, output, context, failRecord, fail, warn }, functions, initial) {
  const steps = buildSteps(functions)
  let accumulator = initial
  let isWaiting = false
  let isEnding = false
  let isAsked = false
  let isCommitting = false
  /** Records that had been taken at the last state. */
  let committed = 0
  /** @type {(accumulator: unknown) => void} */
  let finish

  /** Goes on until there is nothing to take, or something to wait for. */
  function pump () {
    while (!isWaiting && !isEnding) {
      if (isAsked) giveState()
      if (output.isFull) return
      const line = source.nextLine()
      if (line === undefined) return rest()
      try {
        takeThrough(parseRecord(line), 0)
      } catch (thrown) {
        if (!failRecord(thrown)) return
      }
    }
  }

  /** What was made of a batch goes out with its end: the host sends the next one then. */
  function rest () {
    output.flush()
    if (!source.isOver) return
    isEnding = true
    finish(accumulator)
  }

  /** @param {unknown} value @param {number} from the step to begin with */
  function takeThrough (value, from) {
    for (let i = from; i < steps.length; i++) {
      const step = /** @type {Step} */ (steps[i])
      const answer = step.kind === 'reduce'
        ? ReflectApply(step.call, functions.self, [accumulator, value, context])
        : ReflectApply(step.call, functions.self, [value, context])
      if (isThenable(answer)) return void wait(answer, value, i)
      if (step.kind === 'reduce') accumulator = answer
      if (step.kind === 'reduce' || (step.kind === 'filter' ? !answer : answer === undefined)) return
      if (step.kind === 'map') value = answer
    }
    output.write(serializeRecord(value))
  }

  /** @param {unknown} promise @param {unknown} value @param {number} i */
  async function wait (promise, value, i) {
    isWaiting = true
    try {
      const answer = await promise
      const { kind } = /** @type {Step} */ (steps[i])
      isWaiting = false
      if (kind === 'reduce') accumulator = answer
      else if (kind === 'filter' ? answer : answer !== undefined) takeThrough(kind === 'map' ? answer : value, i + 1)
    } catch (thrown) {
      isWaiting = false
      if (!failRecord(thrown)) return
    }
    try {
      pump()
    } catch (thrown) {
      fail(thrown)
    }
  }

  /** Between two records: everything made of those taken has been handed to the output. */
  function giveState () {
    isAsked = false
    if (isCommitting || source.taken === committed) return
    const state = functions.reduce ? writeState(accumulator, warn) : 'null'
    if (state === undefined) return
    isCommitting = true
    committed = source.taken
    output.commit(state, () => { isCommitting = false })
  }

  return {
    pump,
    /** A state is wanted, as soon as no record is on its way. */
    ask () {
      isAsked = true
      if (!isWaiting && !isEnding) giveState()
    },
    /** Records that were taken through all functions. */
    get done () { return isWaiting ? source.taken - 1 : source.taken },
    /** Called once, when the last record has been taken through. @param {(accumulator: unknown) => void} callback */
    onEnd (callback) {
      finish = callback
    },
  }
}

/** @param {Functions} functions */
function buildSteps ({ filter, map, reduce }) {
  /** @type {Step[]} */
  const steps = []
  if (filter !== undefined) append(steps, { kind: 'filter', call: filter })
  if (map !== undefined) append(steps, { kind: 'map', call: map })
  if (reduce !== undefined) append(steps, { kind: 'reduce', call: reduce })
  return steps
}

/** Reads `then` once more than `await` does: a value that has none need not be waited for. @param {unknown} value */
export function isThenable (value) {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && typeof (/** @type {any} */ (value)).then === 'function'
}
