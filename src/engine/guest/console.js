// @ts-check
import {
  DateNow, ErrorConstructor, MathMin, MathTrunc, ObjectCreate, ReflectDefineProperty, SymbolToStringTag, defineValue, stringIndexOf, stringRepeat, stringReplaceAll,
  stringSlice,
} from './intrinsics.js'
import { format } from './format.js'
import { inspect } from './inspect.js'
import { readStack, withoutGuestFrames } from './stacks.js'
import { formatTable } from './table.js'
import { toText } from './webidl.js'

const GROUPS_MAX = 32
/** Deepest that `dir` shows what it is given. */
const DIR_DEPTH_MAX = 16
const LABELS_MAX = 1000

/**
 * Builds the console of one run. Whatever its methods are given, they return undefined and throw nothing, but for lack of stack and for labels that throw as they are
 * made texts.
 * Source: https://console.spec.whatwg.org/
 * @param {(level: string, message: string) => void} write
 */
export function buildConsole (write) {
  let groups = 0
  const counts = ObjectCreate(null)
  const timers = ObjectCreate(null)
  let labels = 0

  /** @param {string} level @param {string} text */
  function print (level, text) {
    const safe = typeof text === 'string' ? text : '[unreadable]'
    if (groups === 0) return write(level, safe)
    const indent = stringRepeat('  ', groups)
    write(level, indent + stringReplaceAll(safe, '\n', `\n${indent}`))
  }

  /** @param {object} table @param {string} label */
  const hasRoom = (table, label) => label in table || labels++ < LABELS_MAX
  /** @param {string} label */
  const elapsed = (label) => `${label}: ${DateNow() - timers[label]}ms`

  /** @param {unknown[]} args */
  function openGroup (args) {
    if (args.length > 0) print('log', format(args))
    if (groups < GROUPS_MAX) groups++
  }

  /** @param {Record<string, unknown>} table @param {string} label @param {string} what */
  function has (table, label, what) {
    if (label in table) return true
    print('warn', `${what} for '${label}' does not exist`)
    return false
  }

  // No argument is needed: none is counted by `length`.
  const methods = {
    /** @param {unknown[]} args */
    log (...args) { print('log', format(args)) },
    /** @param {unknown[]} args */
    info (...args) { print('info', format(args)) },
    /** @param {unknown[]} args */
    debug (...args) { print('debug', format(args)) },
    /** @param {unknown[]} args */
    warn (...args) { print('warn', format(args)) },
    /** @param {unknown[]} args */
    error (...args) { print('error', format(args)) },
    /** @param {unknown[]} args */
    trace (...args) { print('trace', `${args.length === 0 ? 'Trace' : `Trace: ${format(args)}`}${readFrames(new ErrorConstructor(''))}`) },
    /** @param {unknown} value @param {unknown} options */
    dir (value = undefined, options = undefined) { print('log', inspect(value, readDepth(options))) },
    /** @param {unknown[]} args */
    dirxml (...args) { print('log', format(args)) },
    /** @param {unknown} data @param {unknown} columns */
    table (data = undefined, columns = undefined) { print('log', formatTable(data, columns) ?? format([data])) },
    /** @param {unknown} label */
    count (label = 'default') {
      const name = toText(label)
      if (hasRoom(counts, name)) print('info', `${name}: ${counts[name] = (counts[name] ?? 0) + 1}`)
    },
    /** @param {unknown} label */
    countReset (label = 'default') {
      const name = toText(label)
      if (has(counts, name, 'Count')) counts[name] = 0
    },
    /** @param {unknown} label */
    time (label = 'default') {
      const name = toText(label)
      if (name in timers) print('warn', `Timer '${name}' already exists`)
      else if (hasRoom(timers, name)) timers[name] = DateNow()
    },
    /** @param {unknown} label @param {unknown[]} args */
    timeLog (label = 'default', ...args) {
      const name = toText(label)
      if (has(timers, name, 'Timer')) print('info', args.length === 0 ? elapsed(name) : `${elapsed(name)} ${format(args)}`)
    },
    /** @param {unknown} label */
    timeEnd (label = 'default') {
      const name = toText(label)
      if (!has(timers, name, 'Timer')) return
      print('info', elapsed(name))
      delete timers[name]
      labels--
    },
    /** @param {unknown} condition @param {unknown[]} args */
    assert (condition = false, ...args) {
      if (!condition) print('error', formatAssertion(args))
    },
    /** @param {unknown[]} args */
    group (...args) { openGroup(args) },
    /** @param {unknown[]} args */
    groupCollapsed (...args) { openGroup(args) },
    groupEnd () { if (groups > 0) groups-- },
    clear () { groups = 0 },
  }
  return seal(methods)
}

const ASSERTION = 'Assertion failed'

/** A text that comes first stays the one that takes the others by its directives. @param {unknown[]} args */
function formatAssertion (args) {
  if (args.length === 0) return ASSERTION
  return `${ASSERTION}: ${format(args)}`
}

/** How many levels the options of `dir` ask for, beside the first: that of Node's `depth`. @param {unknown} options */
function readDepth (options) {
  if (typeof options !== 'object' || options === null) return undefined
  try {
    const { depth } = /** @type {any} */ (options)
    if (depth === null) return DIR_DEPTH_MAX
    return typeof depth === 'number' && depth >= 0 ? MathMin(MathTrunc(depth) + 1, DIR_DEPTH_MAX) : undefined
  } catch {
    return undefined
  }
}

/** Where user code called, without a frame of the guest. @param {Error} trace */
function readFrames (trace) {
  const frames = withoutGuestFrames(readStack(trace) ?? '')
  const at = stringIndexOf(frames, '\n')
  return at < 0 ? '' : stringSlice(frames, at)
}

/** @param {Record<string, any>} methods */
function seal (methods) {
  const console = ObjectCreate({}) // a namespace has a prototype of its own. Source: https://console.spec.whatwg.org/#console-namespace
  for (const name of Object.keys(methods)) defineValue(console, name, methods[name])
  ReflectDefineProperty(console, SymbolToStringTag, /** @type {any} */ ({ __proto__: null, value: 'console', configurable: true }))
  return console
}
