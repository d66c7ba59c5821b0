// @ts-check
import { DateNow, MathMax, ObjectCreate, ReflectApply, TypeErrorConstructor, append, buildList } from './intrinsics.js'
import { KnownFailure } from './errors.js'
import { reportException } from './report.js'
import { exposeOperations, requireArguments, toLong } from './webidl.js'

// Timers and tasks of the run. They are kept here, in order; the host is only asked to wake the isolate for the first one, so it holds one timer
// whatever user code starts. Each wake runs one, so that microtasks run between two of them.

/** So often the host is asked between two wakes; every call costs it time, and code can start ever earlier timers without an end. */
const ASKS_MAX = 100
/** Timers that are started by one another this deep take this long. Source: https://html.spec.whatwg.org/#timer-initialisation-steps */
const NESTING_MAX = 5
const NESTED_DELAY_MS = 4

/**
 * @typedef {{ id: number, due: number, order: number, every: number | null, nesting: number, callback: Function, args: unknown[], at: number }} Timer
 * `at` is its place in the queue, -1 when it is in none.
 * @typedef {{ due: number, run: () => void, next: Task | null }} Task
 */

let max = 0
/** @type {(delayMs: number) => void} */
let wake

/** @type {Record<number, Timer>} */
const pending = ObjectCreate(null)
/** A binary heap: none is due before the one at half its place. @type {Timer[]} */
const heap = buildList()
let lastId = 0
let order = 0
let wakeAt = Infinity
let asks = 0
/** How deep the timer is nested that runs now. */
let nesting = 0
/** @type {Task | null} */
let firstTask = null
/** @type {Task | null} */
let lastTask = null

/** @type {(callback: Function) => Function} */
let carry = (callback) => callback

/** A callback that will see what there is now, whenever it is called: the stores of an AsyncLocalStorage, where code has one. @param {Function} callback */
export const carried = (callback) => carry(callback)

/** @param {(callback: Function) => Function} wrap */
export function carryBy (wrap) {
  carry = wrap
}

/** What Node's library does at the end of each task, before microtasks: its ticks. */
let endTask = () => {}

/** @param {() => void} act is called at the end of each task and each timer's callback, before microtasks are run */
export function onTaskEnd (act) {
  endTask = act
}

/** @param {{ max: number, wake: (delayMs: number) => void }} options */
export function connectTimers (options) {
  max = options.max
  wake = options.wake
}

/** Starts a timer; answers its number. The run ends when it has too many. @param {Function} callback @param {number} delayMs @param {unknown[]} [args] @param {boolean} [repeats] */
export function startTimer (callback, delayMs, args = buildList(), repeats = false) {
  if (heap.length >= max) {
    const message = `Cannot start timer: ${max} are pending, the limit`
    reportException(new KnownFailure('TIMER_LIMIT', 'RangeError', message, max + 1))
    throw new TypeErrorConstructor(message)
  }
  const every = repeats ? MathMax(delayMs, 0) : null
  const timer = { id: ++lastId, due: 0, order: 0, every, nesting: 0, callback: carried(callback), args, at: -1 }
  pending[timer.id] = timer
  schedule(timer, MathMax(delayMs, 0))
  return timer.id
}

/** @param {number} id */
function stopTimer (id) {
  const timer = pending[id]
  if (timer === undefined) return
  delete pending[id]
  if (timer.at >= 0) remove(timer)
}

/** Has trusted code run as a task of its own: after what runs now, and after tasks and timers that were due before. @param {() => void} run */
export function queueTask (run) {
  const task = { due: DateNow(), run, next: null }
  if (lastTask === null) firstTask = task
  else lastTask.next = task
  lastTask = task
  if (task.due < wakeAt) ask(task.due)
}

/** Runs the task or the timer that is due first, if one is, and asks for the next wake. */
export function tick () {
  wakeAt = Infinity
  asks = 0
  const timer = heap[0]
  if (firstTask !== null && (timer === undefined || firstTask.due <= timer.due)) runTask(firstTask)
  else if (timer !== undefined && timer.due <= DateNow()) runTimer(timer)
  else askNext()
}

/** Code that runs from here on was not started by a timer. */
export function leaveTimer () {
  nesting = 0
}

/** @param {Task} task */
function runTask (task) {
  firstTask = task.next
  if (firstTask === null) lastTask = null
  nesting = 0
  askNext()
  task.run()
  endTask()
}

/** @param {Timer} timer */
function runTimer (timer) {
  remove(timer)
  if (timer.every === null) delete pending[timer.id]
  nesting = timer.nesting
  askNext()
  try {
    ReflectApply(timer.callback, globalThis, timer.args)
  } catch (thrown) {
    reportException(thrown)
  }
  if (timer.every !== null && pending[timer.id] === timer) schedule(timer, timer.every)
  endTask()
}

/** @param {Timer} timer @param {number} delayMs */
function schedule (timer, delayMs) {
  timer.nesting = nesting + 1
  timer.due = DateNow() + (nesting > NESTING_MAX ? MathMax(delayMs, NESTED_DELAY_MS) : delayMs)
  timer.order = ++order
  append(heap, timer)
  rise(timer, heap.length - 1)
  if (timer.due < wakeAt) ask(timer.due)
}

function askNext () {
  if (firstTask !== null) ask(firstTask.due)
  else if (heap.length > 0) ask(/** @type {Timer} */ (heap[0]).due)
}

/** @param {number} due */
function ask (due) {
  const now = DateNow()
  asks++
  wakeAt = asks < ASKS_MAX ? due : now // nothing is earlier: the next wake asks again
  wake(MathMax(0, wakeAt - now))
}

/** @param {Timer} timer */
function remove (timer) {
  const { at } = timer
  const last = /** @type {Timer} */ (heap[heap.length - 1])
  heap.length--
  timer.at = -1
  if (last === timer) return
  rise(last, at)
  sink(last, last.at)
}

/** @param {Timer} timer @param {number} from */
function rise (timer, from) {
  let at = from
  while (at > 0) {
    const above = (at - 1) >> 1
    const other = /** @type {Timer} */ (heap[above])
    if (isBefore(other, timer)) break
    put(other, at)
    at = above
  }
  put(timer, at)
}

/** @param {Timer} timer @param {number} from */
function sink (timer, from) {
  let at = from
  for (;;) {
    let below = at * 2 + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && isBefore(heap[below + 1], heap[below])) below++
    const other = /** @type {Timer} */ (heap[below])
    if (isBefore(timer, other)) break
    put(other, at)
    at = below
  }
  put(timer, at)
}

/** @param {Timer} timer @param {number} at */
function put (timer, at) {
  heap[at] = timer
  timer.at = at
}

/** @param {any} a @param {any} b */
const isBefore = (a, b) => a.due < b.due || (a.due === b.due && a.order < b.order)

/** Puts setTimeout and its like on the global object. Text is never run: that is refused. */
export function installTimers () {
  exposeOperations({
    /** @param {unknown} handler @param {unknown} [timeout] @param {unknown[]} args */
    setTimeout (handler, timeout = 0, ...args) {
      requireArguments(arguments.length, 1, 'setTimeout')
      return startTimer(toHandler(handler), toLong(timeout), args)
    },
    clearTimeout (id = 0) { stopTimer(toLong(id)) },
    /** @param {unknown} handler @param {unknown} [timeout] @param {unknown[]} args */
    setInterval (handler, timeout = 0, ...args) {
      requireArguments(arguments.length, 1, 'setInterval')
      return startTimer(toHandler(handler), toLong(timeout), args, true)
    },
    clearInterval (id = 0) { stopTimer(toLong(id)) },
  })
}

/** @param {unknown} handler */
function toHandler (handler) {
  if (typeof handler === 'function') return handler
  throw new TypeErrorConstructor('Cannot start timer: the callback is not a function')
}
