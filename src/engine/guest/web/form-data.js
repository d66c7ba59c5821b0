// @ts-check
import { TypeErrorConstructor, append, buildList } from '../intrinsics.js'
import { requireArguments, shapeInterface, toScalarText } from '../webidl.js'
import { buildFile, contentOf, factsOf, isBlob, isFile } from './blob.js'
import { definePairIteration } from './pair-iteration.js'

/** @typedef {readonly [name: string, value: string | File]} Entry @typedef {import('./blob.js').File} File @typedef {import('./blob.js').Blob} Blob */

/** The entries themselves, in a list without a prototype. Throws a TypeError for what is no FormData. @type {(form: any) => Entry[]} */
export let entriesOf
/** @type {(value: object) => value is FormData} */
export let isFormData
/** @type {(entries: Entry[]) => FormData} */
export let buildFormData

/** Source: https://xhr.spec.whatwg.org/#interface-formdata */
export class FormData {
  /** @type {Entry[]} */
  #entries = buildList()

  static {
    entriesOf = (form) => form.#entries
    isFormData = (value) => #entries in value
    buildFormData = (entries) => {
      const form = new FormData()
      form.#entries = entries
      return form
    }
  }

  /** @param {unknown} [form] @param {unknown} [_submitter] there is no document that they could be of */
  constructor (form = undefined, _submitter = undefined) {
    if (form !== undefined) throw new TypeErrorConstructor('Cannot make FormData: there are no forms here to read')
  }

  /** @param {unknown} name @param {unknown} value @param {unknown} [filename] */
  append (name, value, filename = undefined) {
    const entries = this.#entries
    requireArguments(arguments.length, 2, 'FormData.append')
    append(entries, readEntry('append entry', name, value, arguments.length > 2, filename))
  }

  /** @param {unknown} name */
  delete (name) {
    requireArguments(arguments.length, 1, 'FormData.delete')
    this.#entries = without(this.#entries, toScalarText(name))
  }

  /** @param {unknown} name */
  get (name) {
    const entries = this.#entries
    requireArguments(arguments.length, 1, 'FormData.get')
    const wanted = toScalarText(name)
    for (let i = 0; i < entries.length; i++) if (entries[i]?.[0] === wanted) return entries[i]?.[1]
    return null
  }

  /** @param {unknown} name */
  getAll (name) {
    const entries = this.#entries
    requireArguments(arguments.length, 1, 'FormData.getAll')
    const wanted = toScalarText(name)
    /** @type {(string | File)[]} */
    const values = []
    for (let i = 0; i < entries.length; i++) {
      const entry = /** @type {Entry} */ (entries[i])
      if (entry[0] === wanted) append(values, entry[1])
    }
    return values
  }

  /** @param {unknown} name */
  has (name) {
    const entries = this.#entries
    requireArguments(arguments.length, 1, 'FormData.has')
    const wanted = toScalarText(name)
    for (let i = 0; i < entries.length; i++) if (entries[i]?.[0] === wanted) return true
    return false
  }

  /** @param {unknown} name @param {unknown} value @param {unknown} [filename] */
  set (name, value, filename = undefined) {
    this.#entries // a brand check, before anything is converted
    requireArguments(arguments.length, 2, 'FormData.set')
    const entry = readEntry('set entry', name, value, arguments.length > 2, filename)
    const old = this.#entries
    /** @type {Entry[]} */
    const entries = buildList()
    let isSet = false
    for (let i = 0; i < old.length; i++) {
      const other = /** @type {Entry} */ (old[i])
      if (other[0] !== entry[0]) append(entries, other)
      else if (!isSet) {
        isSet = true
        append(entries, entry)
      }
    }
    if (!isSet) append(entries, entry)
    this.#entries = entries
  }
}
shapeInterface(FormData, 'FormData', ['append', 'delete', 'get', 'getAll', 'has', 'set'])
definePairIteration(FormData, 'FormData', (form) => entriesOf(form))

/** @param {Entry[]} entries @param {string} name */
function without (entries, name) {
  /** @type {Entry[]} */
  const kept = buildList()
  for (let i = 0; i < entries.length; i++) {
    const entry = /** @type {Entry} */ (entries[i])
    if (entry[0] !== name) append(kept, entry)
  }
  return kept
}

/**
 * Converts the arguments, of which only a blob may have a third, and makes of a blob the file that an entry has.
 * Source: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#create-an-entry
 * @param {string} what @param {unknown} name @param {unknown} value @param {boolean} isNamed @param {unknown} filename @returns {Entry}
 */
function readEntry (what, name, value, isNamed, filename) {
  const key = toScalarText(name)
  if (!isBlob(value)) {
    if (isNamed) throw new TypeErrorConstructor(`Cannot ${what} "${key}": only a Blob has a file name, and the value is none`)
    return [key, toScalarText(value)]
  }
  const named = filename === undefined ? undefined : toScalarText(filename)
  if (isFile(value)) return [key, named === undefined ? value : buildFile(named, contentOf(value), factsOf(value).lastModified)]
  return [key, buildFile(named ?? 'blob', contentOf(value))]
}
