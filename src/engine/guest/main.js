// @ts-check
import { JSONParse, ObjectFreeze, ReflectApply, ReflectDeleteProperty, TypeErrorConstructor, defineHidden, defineValue } from './intrinsics.js'
import './bytes.js' // for units, and the same one for all of them
import { createCheckpoint } from './checkpoint.js'
import { startClock } from './clock.js'
import { buildConsole } from './console.js'
import { KnownFailure, describeThrown } from './errors.js'
import { keepContext } from './granted-env.js'
import { lockDown } from './lockdown.js'
import { createLogBuffer } from './log-buffer.js'
import { markMethods, printNatives } from './native-code.js'
import { connectNatives } from './natives.js'
import { arrive, bindImport, installRequire, parseJson } from './modules.js'
import { createProgress } from './progress.js'
import { connectReport } from './report.js'
import { abortRun, defineSignal } from './run-signal.js'
import { serializeResult } from './result.js'
import './serializable.js' // likewise
import { carried, connectTimers, installTimers, leaveTimer, tick as runDue } from './timers.js'
import { createTools } from './tools.js'
import { createTransform } from './transform.js'
import { installLazyGlobals, installNodeGlobals, link, useUnit } from './units.js'
import { exposeOperations, requireArguments } from './webidl.js'

export { connectModules, rejectImport } from './modules.js'
export { connectUnits, useUnit } from './units.js'

/**
 * The one way out. Every argument is a string or a number: nothing that lives in the isolate is ever handed over.
 * @typedef {(type: 'entered' | 'signal' | 'logs' | 'progress' | 'wake' | 'call' | 'output' | 'result' | 'failure', a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown, g?: unknown) => void} Post
 * @typedef {{ timers: number, resultBytes: number, structured: boolean, budget: import('./log-buffer.js').LogBudget, tools: import('./tools.js').ToolBounds, records: import('./transform.js').RecordSettings | null }} Settings
 */

/** Where the modules around user code find what they need. */
const CAPTURE = 'batchbox:capture'

lockDown()
printNatives()
installOperations()
installLazyGlobals()
installRequire()

/** @type {Post} */
let post
/** @type {Settings} */
let settings
/** @type {ReturnType<typeof createLogBuffer>} */
let logs
/** @type {ReturnType<typeof createTools>} */
let tools
/** @type {ReturnType<typeof createProgress>} */
let progress
/** Of a run that is one. @type {ReturnType<typeof createTransform> | undefined} */
let transform
/** How values are written that are not JSON; of a run that has such. @type {typeof import('./web/structured.js') | undefined} */
let structured
/** JSON, or the structured form. */
let input = ''
let ended = false

/**
 * Gives this isolate to one run. Called once, before any user code. Leaves what the modules around user code need for the one that takes
 * it away before user code is evaluated.
 * @param {Post} hostPost
 * @param {string} settingsText
 * @param {string} entryName
 * @param {string} inputText the state to go on from, or nothing, for a transform
 * @param {string} contextText
 * @param {import('./natives.js').Ask} [ask] absent where nothing is to be asked, as in a rehearsal
 * @param {() => number} [readClock] milliseconds, with parts of one; only for runs that are granted it
 */
export function prepare (hostPost, settingsText, entryName, inputText, contextText, ask, readClock) {
  post = hostPost
  connectNatives(ask)
  connectReport((thrown) => fail(thrown))
  startClock(readClock)
  keepContext(contextText)
  settings = JSONParse(settingsText)
  input = inputText
  if (settings.structured) structured = link('structured')
  logs = createLogBuffer(settings.budget, (lines, droppedLines, droppedBytes) => post('logs', lines, droppedLines, droppedBytes))
  progress = createProgress((value, message) => post('progress', value, message))
  connectTimers({ max: settings.timers, wake: (delayMs) => post('wake', delayMs) })
  tools = createTools({
    post: (id, tool, method, args, bytes) => post('call', id, tool, method, args, bytes), fail, bounds: settings.tools,
  })
  if (settings.records !== null) {
    transform = createTransform({
      settings: settings.records,
      stateText: inputText,
      post: (taken, text, count, rejects, state) => post('output', taken, text, count, rejects, state),
      succeed,
      fail,
      warn: (message) => logs.write('warn', message),
    })
  }
  const console = buildConsole(logs.write)
  markMethods(console)
  defineHidden(globalThis, 'console', console)
  defineValue(globalThis, CAPTURE, {
    __proto__: null,
    start: (/** @type {Record<string, unknown>} */ namespace) => start(namespace, entryName, contextText),
    bindImport,
    arrive,
    parseJson,
    useUnit,
  })
}

/**
 * Calls the entry of user code. Its end, whenever it comes, is posted.
 * @param {Record<string, unknown>} namespace
 * @param {string} entryName
 * @param {string} contextText
 */
function start (namespace, entryName, contextText) {
  post('entered')
  try {
    const found = findEntry(namespace, entryName)
    if (transform !== undefined) return void transform.run(found, entryName, (checkpoint) => buildContext(contextText, checkpoint))
    if (typeof found !== 'function') throw new KnownFailure('ENTRY_ERROR', 'EntryError', `Entry "${entryName}" is not a function`)
    void run(found, [readInput(), buildContext(contextText, createCheckpoint(tools.buildHost('checkpoint')))])
  } catch (thrown) {
    fail(thrown)
  }
}

/**
 * Calls user code that is the body of a function, or makes that function first. Where no module was evaluated before it, nobody has taken away what those need.
 * @param {Function} body @param {string} importer the file that its `import` stands in; empty where it has none
 */
export function startBody (body, importer) {
  ReflectDeleteProperty(globalThis, CAPTURE)
  installNodeGlobals()
  post('entered')
  try {
    void run(importer === '' ? body : body(bindImport(importer)), [readInput()])
  } catch (thrown) {
    fail(thrown)
  }
}

const readInput = () => structured === undefined ? JSONParse(input) : structured.decodeStructured(input)

/**
 * Gives user code a tool. Called before any user code.
 * @param {string} name @param {string} configText @param {string} [interfaces] names, with commas between them
 */
export function installTool (name, configText, interfaces) {
  tools.install(name, configText, interfaces === '' ? [] : interfaces?.split(','))
}

/** Brings what a tool answered. @param {number} id @param {string} failureText @param {string} text @param {string} bytes */
export function deliver (id, failureText, text, bytes) {
  leaveTimer()
  tools.deliver(id, failureText, text, bytes)
  flush()
}

/** Brings records; an empty text says that there are no more. @param {string} text */
export function feed (text) {
  leaveTimer()
  if (!ended) transform?.feed(text)
  flush()
}

/** Tells that the oldest piece of output is written. */
export function written () {
  leaveTimer()
  if (!ended) transform?.written()
  flush()
}

/** Asks for what was made of records so far, and for a state. @param {boolean} wantsState */
export function nudge (wantsState) {
  leaveTimer()
  if (!ended) transform?.nudge(wantsState)
  flush()
}

/** Tells that the run is about to be stopped. @param {'CANCELLED' | 'TIMEOUT'} code */
export function abort (code) {
  leaveTimer()
  abortRun(code)
  flush()
}

/** Runs the timer that is due. */
export function tick () {
  runDue()
  flush()
}

/** What code says while nobody enters the isolate goes out when somebody does. */
function flush () {
  logs.flush()
  progress.flush()
}

/**
 * The entry is called when no module is being evaluated any more: V8 ends the whole process when it has to stop code that runs in one
 * that waited for another's top-level `await`.
 * @param {Function} entry @param {unknown[]} args
 */
async function run (entry, args) {
  await undefined
  try {
    succeed(await ReflectApply(entry, undefined, args))
  } catch (thrown) {
    fail(thrown)
  }
}

/** @param {unknown} value */
function succeed (value) {
  const text = structured === undefined ? serializeResult(value, settings.resultBytes) : structured.encodeStructured(value, settings.resultBytes)
  end(() => post('result', text))
}

/** @param {unknown} thrown @param {number} [record] the one that it was thrown for */
function fail (thrown, record = 0) {
  const { code, name, message, stack, observed, details } = describeThrown(thrown)
  end(() => post('failure', code, name, message, stack, observed, record, details))
}

/**
 * Only the first end of a run counts. User code may have left no stack for any of this: what was not told did not end the run.
 * @param {() => void} tell
 */
function end (tell) {
  if (ended) return
  flush()
  tell()
  ended = true
}

/** @param {Record<string, unknown>} namespace @param {string} entryName */
function findEntry (namespace, entryName) {
  const found = readExport(namespace, entryName)
  return found === undefined && entryName === 'default' ? readExport(namespace, 'handler') : found
}

/** An export that was never initialised throws when it is read. @param {Record<string, unknown>} namespace @param {string} name */
function readExport (namespace, name) {
  try {
    return namespace[name]
  } catch {
    return undefined
  }
}

/** @param {string} contextText @param {object} checkpoint */
function buildContext (contextText, checkpoint) {
  const context = JSONParse(contextText)
  defineValue(context, 'progress', progress.report)
  defineValue(context, 'checkpoint', checkpoint)
  defineSignal(context, () => post('signal'))
  ObjectFreeze(context.tags)
  ObjectFreeze(context.env)
  return ObjectFreeze(context)
}

/** Puts on the global object what needs nothing of the run. */
function installOperations () {
  defineValue(globalThis, 'self', globalThis)
  installTimers()
  exposeOperations({
    /** @param {unknown} callback */
    queueMicrotask (callback) {
      requireArguments(arguments.length, 1, 'queueMicrotask')
      if (typeof callback !== 'function') throw new TypeErrorConstructor('Cannot queue microtask: the callback is not a function')
      void runNext(carried(callback))
    },
    /** @param {unknown} thrown */
    reportError (thrown) {
      requireArguments(arguments.length, 1, 'reportError')
      fail(thrown)
    },
  })
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
