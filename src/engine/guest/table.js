// @ts-check
import {
  ArrayIsArray, MathMax, ObjectCreate, ReflectGetOwnPropertyDescriptor, ReflectOwnKeys, append, arrayJoin, ownValue, stringRepeat,
} from './intrinsics.js'
import { inspect } from './inspect.js'

const ROWS_MAX = 200
const COLUMNS_MAX = 24
const INDEX = '(index)'
const VALUE = 'Values'

/**
 * Draws tabular data as console.table does; undefined for data that is no table. At most 200 rows of 24 columns.
 * @param {unknown} data
 * @param {unknown} [only] names of the columns to show
 * @returns {string | undefined}
 */
export function formatTable (data, only) {
  if (typeof data !== 'object' || data === null) return undefined
  try {
    return draw(data, ArrayIsArray(only) ? only : undefined)
  } catch {
    return undefined
  }
}

/** @param {object} data @param {unknown[] | undefined} only */
function draw (data, only) {
  const keys = stringKeys(data, ROWS_MAX)
  /** @type {string[]} */
  const columns = []
  const known = ObjectCreate(null)
  let hasValues = false
  for (let i = 0; i < keys.length; i++) {
    const row = ownValue(data, key(keys, i))
    if (typeof row !== 'object' || row === null) {
      hasValues = true
      continue
    }
    if (columns.length >= COLUMNS_MAX) continue // a row's keys cost their number
    const names = stringKeys(row, COLUMNS_MAX)
    for (let j = 0; j < names.length && columns.length < COLUMNS_MAX; j++) {
      if (known[key(names, j)]) continue
      known[key(names, j)] = true
      append(columns, key(names, j))
    }
  }
  const shown = only === undefined ? columns : pick(only)
  if (hasValues) append(shown, VALUE)
  return layOut(keys, shown, (rowKey, column) => cell(ownValue(data, rowKey), column))
}

/** @param {unknown} row @param {string} column */
function cell (row, column) {
  if (typeof row !== 'object' || row === null) return column === VALUE ? inspect(row, 1) : ''
  return ReflectGetOwnPropertyDescriptor(row, column) === undefined ? '' : inspect(ownValue(row, column), 1)
}

/** @param {string[]} rows @param {string[]} columns @param {(row: string, column: string) => string} text */
function layOut (rows, columns, text) {
  /** @type {string[][]} */
  const grid = []
  append(grid, header(columns))
  for (let i = 0; i < rows.length; i++) {
    /** @type {string[]} */
    const line = []
    append(line, key(rows, i))
    for (let j = 0; j < columns.length; j++) append(line, text(key(rows, i), key(columns, j)))
    append(grid, line)
  }
  /** @type {number[]} */
  const widths = []
  for (let j = 0; j <= columns.length; j++) {
    let width = 0
    for (let i = 0; i < grid.length; i++) width = MathMax(width, key(/** @type {string[]} */ (grid[i]), j).length)
    append(widths, width)
  }
  return frame(grid, widths)
}

/** @param {string[]} columns */
function header (columns) {
  /** @type {string[]} */
  const line = []
  append(line, INDEX)
  for (let j = 0; j < columns.length; j++) append(line, key(columns, j))
  return line
}

/** @param {string[][]} grid @param {number[]} widths */
function frame (grid, widths) {
  /** @type {string[]} */
  const lines = []
  append(lines, rule(widths, '┌', '┬', '┐'))
  for (let i = 0; i < grid.length; i++) {
    let line = '│'
    for (let j = 0; j < widths.length; j++) {
      const text = key(/** @type {string[]} */ (grid[i]), j)
      line += ` ${text}${stringRepeat(' ', /** @type {number} */ (widths[j]) - text.length)} │`
    }
    append(lines, line)
    if (i === 0) append(lines, rule(widths, '├', '┼', '┤'))
  }
  append(lines, rule(widths, '└', '┴', '┘'))
  return arrayJoin(lines, '\n')
}

/** @param {number[]} widths @param {string} left @param {string} middle @param {string} right */
function rule (widths, left, middle, right) {
  let line = left
  for (let j = 0; j < widths.length; j++) line += (j === 0 ? '' : middle) + stringRepeat('─', /** @type {number} */ (widths[j]) + 2)
  return line + right
}

/** @param {unknown[]} only */
function pick (only) {
  /** @type {string[]} */
  const columns = []
  for (let i = 0; i < only.length && i < COLUMNS_MAX; i++) if (typeof only[i] === 'string') append(columns, /** @type {string} */ (only[i]))
  return columns
}

/** @param {object} value @param {number} most */
function stringKeys (value, most) {
  const all = ReflectOwnKeys(value)
  /** @type {string[]} */
  const keys = []
  for (let i = 0; i < all.length && keys.length < most; i++) {
    const name = /** @type {PropertyKey} */ (all[i])
    if (typeof name === 'string' && ReflectGetOwnPropertyDescriptor(value, name)?.enumerable) append(keys, name)
  }
  return keys
}

/** @param {string[]} list @param {number} index */
const key = (list, index) => /** @type {string} */ (list[index])
