// @ts-check
import {
  DateNow, ObjectCreate, ReflectDefineProperty, StringConstructor, SymbolToStringTag, defineValue, stringRepeat,
  stringReplaceAll,
} from './intrinsics.js'
import { format } from './format.js'
import { inspect } from './inspect.js'
import { formatTable } from './table.js'

const GROUPS_MAX = 32
const LABELS_MAX = 1000

/**
 * Builds the console of one run. Whatever its methods are given, they return undefined and throw nothing but for lack of stack.
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

  /** @param {unknown} label */
  function named (label) {
    try {
      return label === undefined ? 'default' : StringConstructor(label)
    } catch {
      return '[unreadable]'
    }
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
    trace (...args) { print('trace', args.length === 0 ? 'Trace' : `Trace: ${format(args)}`) },
    /** @param {unknown} value */
    dir (value) { print('log', inspect(value)) },
    /** @param {unknown[]} args */
    dirxml (...args) { print('log', format(args)) },
    /** @param {unknown} data @param {unknown} [columns] */
    table (data, columns) { print('log', formatTable(data, columns) ?? format([data])) },
    /** @param {unknown} [label] */
    count (label) {
      const name = named(label)
      if (hasRoom(counts, name)) print('info', `${name}: ${counts[name] = (counts[name] ?? 0) + 1}`)
    },
    /** @param {unknown} [label] */
    countReset (label) { counts[named(label)] = 0 },
    /** @param {unknown} [label] */
    time (label) {
      const name = named(label)
      if (hasRoom(timers, name)) timers[name] = DateNow()
    },
    /** @param {unknown} [label] @param {unknown[]} args */
    timeLog (label, ...args) {
      const name = named(label)
      if (name in timers) print('info', args.length === 0 ? elapsed(name) : `${elapsed(name)} ${format(args)}`)
    },
    /** @param {unknown} [label] */
    timeEnd (label) {
      const name = named(label)
      if (!(name in timers)) return
      print('info', elapsed(name))
      delete timers[name]
      labels--
    },
    /** @param {unknown} [condition] @param {unknown[]} args */
    assert (condition, ...args) {
      if (condition) return
      print('error', args.length === 0 ? 'Assertion failed' : `Assertion failed: ${format(args)}`)
    },
    /** @param {unknown[]} args */
    group (...args) { openGroup(args) },
    /** @param {unknown[]} args */
    groupCollapsed (...args) { openGroup(args) },
    groupEnd () { if (groups > 0) groups-- },
    clear () {},
  }
  return seal(methods)
}

/** @param {Record<string, any>} methods */
function seal (methods) {
  const console = {}
  for (const name of Object.keys(methods)) defineValue(console, name, methods[name])
  ReflectDefineProperty(console, SymbolToStringTag, /** @type {any} */ ({ __proto__: null, value: 'console', configurable: true }))
  return console
}
