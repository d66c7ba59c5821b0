// @ts-check
import { JSONParse, ObjectFreeze, ReflectApply, TypeErrorConstructor, defineValue } from './intrinsics.js'
import { createCheckpoint } from './checkpoint.js'
import { buildConsole } from './console.js'
import { installDomException } from './dom-exception.js'
import { KnownFailure, describeThrown } from './errors.js'
import { lockDown } from './lockdown.js'
import { createLogBuffer } from './log-buffer.js'
import { installPerformance } from './performance.js'
import { createProgress } from './progress.js'
import { serializeResult } from './result.js'
import { createTimers, installTimers } from './timers.js'
import { createTools } from './tools.js'

/**
 * The one way out. Every argument is a string or a number: nothing that lives in the isolate is ever handed over.
 * @typedef {(type: 'entered' | 'logs' | 'progress' | 'wake' | 'call' | 'result' | 'failure', a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown) => void} Post
 * @typedef {{ timers: number, resultBytes: number, budget: import('./log-buffer.js').LogBudget, tools: import('./tools.js').ToolBounds }} Settings
 */

lockDown()
installDomException()

/** @type {Post} */
let post
/** @type {Settings} */
let settings
/** @type {ReturnType<typeof createLogBuffer>} */
let logs
/** @type {ReturnType<typeof createTimers>} */
let timers
/** @type {ReturnType<typeof createTools>} */
let tools
/** @type {ReturnType<typeof createProgress>} */
let progress
let ended = false

/**
 * Gives this isolate to one run. Called once, before any user code. Leaves the function that calls the entry for the module that takes
 * it away before user code is evaluated.
 * @param {Post} hostPost
 * @param {string} settingsText
 * @param {string} entryName
 * @param {string} inputText
 * @param {string} contextText
 * @param {(tool: string, method: string, args: string, bytes: string) => string} [ask] answers at once; only for runs with a native tool
 * @param {() => number} [readClock] milliseconds, with parts of one; only for runs that are granted it
 */
export function prepare (hostPost, settingsText, entryName, inputText, contextText, ask, readClock) {
  post = hostPost
  settings = JSONParse(settingsText)
  logs = createLogBuffer(settings.budget, (lines, droppedLines, droppedBytes) => post('logs', lines, droppedLines, droppedBytes))
  progress = createProgress((value, message) => post('progress', value, message))
  timers = createTimers({ max: settings.timers, wake: (delayMs) => post('wake', delayMs), fail })
  tools = createTools({
    post: (id, tool, method, args, bytes) => post('call', id, tool, method, args, bytes), ask, fail, bounds: settings.tools,
  })
  defineValue(globalThis, 'console', buildConsole(logs.write))
  installTimers(timers)
  installPerformance(readClock)
  defineValue(globalThis, 'self', globalThis)
  defineValue(globalThis, 'queueMicrotask', queueMicrotask)
  defineValue(globalThis, 'batchbox:start', (/** @type {Record<string, unknown>} */ namespace) => start(namespace, entryName, inputText, contextText))
}

/**
 * Calls the entry of user code. Its end, whenever it comes, is posted.
 * @param {Record<string, unknown>} namespace
 * @param {string} entryName
 * @param {string} inputText
 * @param {string} contextText
 */
function start (namespace, entryName, inputText, contextText) {
  post('entered')
  try {
    const entry = findEntry(namespace, entryName)
    void run(entry, JSONParse(inputText), buildContext(contextText))
  } catch (thrown) {
    fail(thrown)
  }
}

/**
 * Gives user code a tool. Called before any user code, with what the tool's guest half exports.
 * @param {string} name @param {(host: import('./tools.js').ToolHost, config: unknown) => object} create @param {string} configText
 */
export function installTool (name, create, configText) {
  tools.install(name, create, configText)
}

/** Brings what a tool answered. @param {number} id @param {string} failureText @param {string} text @param {string} bytes */
export function deliver (id, failureText, text, bytes) {
  tools.deliver(id, failureText, text, bytes)
  logs.flush()
  progress.flush()
}

/** Runs the timer that is due. */
export function tick () {
  timers.tick()
  logs.flush()
  progress.flush()
}

/**
 * The entry is called when no module is being evaluated any more: V8 ends the whole process when it has to stop code that runs in one
 * that waited for another's top-level `await`.
 * @param {Function} entry @param {unknown} input @param {object} context
 */
async function run (entry, input, context) {
  await undefined
  try {
    succeed(await ReflectApply(entry, undefined, [input, context]))
  } catch (thrown) {
    fail(thrown)
  }
}

/** @param {unknown} value */
function succeed (value) {
  const text = serializeResult(value, settings.resultBytes)
  end(() => post('result', text))
}

/** @param {unknown} thrown */
function fail (thrown) {
  const { code, name, message, stack, observed } = describeThrown(thrown)
  end(() => post('failure', code, name, message, stack, observed))
}

/**
 * Only the first end of a run counts. User code may have left no stack for any of this: what was not told did not end the run.
 * @param {() => void} tell
 */
function end (tell) {
  if (ended) return
  logs.flush()
  progress.flush()
  tell()
  ended = true
}

/** @param {Record<string, unknown>} namespace @param {string} entryName @returns {Function} */
function findEntry (namespace, entryName) {
  const found = readExport(namespace, entryName)
  const entry = found === undefined && entryName === 'default' ? readExport(namespace, 'handler') : found
  if (typeof entry === 'function') return entry
  throw new KnownFailure('ENTRY_ERROR', 'EntryError', `Entry "${entryName}" is not a function`)
}

/** An export that was never initialised throws when it is read. @param {Record<string, unknown>} namespace @param {string} name */
function readExport (namespace, name) {
  try {
    return namespace[name]
  } catch {
    return undefined
  }
}

/** @param {string} contextText */
function buildContext (contextText) {
  const context = JSONParse(contextText)
  defineValue(context, 'progress', progress.report)
  defineValue(context, 'checkpoint', createCheckpoint(tools.buildHost('checkpoint')))
  ObjectFreeze(context.tags)
  ObjectFreeze(context.env)
  return ObjectFreeze(context)
}

/** @param {unknown} callback */
function queueMicrotask (callback) {
  if (typeof callback !== 'function') throw new TypeErrorConstructor('Cannot queue microtask: the callback is not a function')
  void runNext(callback)
}

/** @param {Function} callback */
async function runNext (callback) {
  await undefined
  try {
    ReflectApply(callback, undefined, [])
  } catch (thrown) {
    fail(thrown)
  }
}
