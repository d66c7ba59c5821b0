// Runs in the sandbox as the code of a job: finds out what is different from what the tables say. Answers, for each name, what is missing or wrong; null where it
// is not there at all.

/* global BEHAVIOURS */
export default async function check ({ interfaces, functions, objects }) {
  const found = {}
  for (const [name, spec] of Object.entries(interfaces)) found[name] = name in globalThis ? await checkInterface(name, spec) : null
  for (const [name, { length }] of Object.entries(functions)) found[name] = name in globalThis ? checkFunction(name, length) : null
  for (const [name, spec] of Object.entries(objects)) found[name] = name in globalThis ? checkObject(name, spec) : null
  for (const [name, what, holds] of BEHAVIOURS) {
    if (found[name] && !await isTrue(holds)) found[name].push(`does not hold: ${what}`)
  }
  return found
}

const same = (descriptor, expected) => Object.entries(expected).every(([key, value]) => descriptor?.[key] === value)
const HIDDEN = { writable: true, enumerable: false, configurable: true }
const SHOWN = { writable: true, enumerable: true, configurable: true }
const FIXED = { writable: false, enumerable: false, configurable: true }

async function checkInterface (name, { members, parent }) {
  const problems = []
  const expect = (holds, what) => { if (!holds) problems.push(what) }
  const constructor = globalThis[name]
  expect(same(Object.getOwnPropertyDescriptor(globalThis, name), HIDDEN), 'the attributes of the global')
  if (typeof constructor !== 'function') return [...problems, 'it is not a function']
  const { prototype } = constructor
  const list = members.split(' ').map(parse)
  const made = list.find(({ kind }) => kind === 'new')
  expect(same(Object.getOwnPropertyDescriptor(constructor, 'name'), { ...FIXED, value: name }), 'its name')
  expect(same(Object.getOwnPropertyDescriptor(constructor, 'length'), { ...FIXED, value: made?.length ?? 0 }), 'its length')
  expect(same(Object.getOwnPropertyDescriptor(constructor, 'prototype'), { writable: false, enumerable: false, configurable: false }), 'its prototype')
  expect(same(Object.getOwnPropertyDescriptor(prototype, 'constructor'), { ...HIDDEN, value: constructor }), 'its constructor')
  expect(same(Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag), { ...FIXED, value: name }), 'Symbol.toStringTag')
  expect(Object.getPrototypeOf(prototype) === (parent ? globalThis[parent] : Object).prototype, 'what it inherits from')
  expect(Object.getPrototypeOf(constructor) === (parent && parent !== 'Error' ? globalThis[parent] : Function.prototype), 'what its constructor inherits from')
  expect(throwsTypeError(() => constructor()), 'that it needs `new`')
  expect(made || throwsTypeError(() => new constructor()), 'that it cannot be constructed')
  expect(isNative(constructor), 'how it prints')
  for (const member of list) await checkMember(constructor, member, expect)
  for (const key of [...Object.keys(prototype), ...Object.keys(constructor).map((key) => `static:${key}`)]) {
    expect(list.some((member) => member.name === key.replace('static:', '') && (key.startsWith('static:') === (member.kind === 'static') || member.kind === 'constant')), `\`${key.replace('static:', 'static ')}\`, which the standard has not`)
  }
  return problems
}

/** A member of the table in interfaces.ts. */
function parse (text) {
  const [, isStatic, name, length] = /^(static:)?([^(=#]+)(?:\((\d+)\))?/.exec(text)
  if (name === 'new') return { kind: 'new', name, length: Number(length) }
  if (text.startsWith('@@')) return { kind: 'alias', name, of: text.split('=')[1] }
  if (text.includes('#')) return { kind: 'constant', name, value: Number(text.split('#')[1]) }
  if (length !== undefined) return { kind: isStatic ? 'static' : 'method', name, length: Number(length) }
  return { kind: 'attribute', name, canBeSet: text.endsWith('=') }
}

async function checkMember (constructor, { kind, name, length, of, value, canBeSet }, expect) {
  const { prototype } = constructor
  const what = `\`${name}\``
  if (kind === 'alias') {
    expect(same(Object.getOwnPropertyDescriptor(prototype, Symbol[name.slice(2)]), { ...HIDDEN, value: prototype[of] }), `\`Symbol.${name.slice(2)}\``)
  } else if (kind === 'constant') {
    for (const holder of [constructor, prototype]) expect(same(Object.getOwnPropertyDescriptor(holder, name), { writable: false, enumerable: true, configurable: false, value }), what)
  } else if (kind === 'method' || kind === 'static') {
    const holder = kind === 'static' ? constructor : prototype
    expect(checkMethod(holder, name, length), kind === 'static' ? `static ${what}` : what)
    if (kind === 'method' && typeof holder[name] === 'function') expect(await failsWithTypeError(() => holder[name].call({})), `that ${what} refuses other objects`)
  } else if (kind === 'attribute') {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
    const { get, set } = descriptor ?? {}
    expect(same(descriptor, { enumerable: true, configurable: true }) && isNamed(get, `get ${name}`, 0) && (canBeSet ? isNamed(set, `set ${name}`, 1) : set === undefined), what)
    if (get) expect(await failsWithTypeError(() => get.call({})), `that ${what} refuses other objects`)
  }
}

const checkMethod = (holder, name, length) => same(Object.getOwnPropertyDescriptor(holder, name), SHOWN) && isNamed(holder[name], name, length) && !Object.hasOwn(holder[name], 'prototype')
const isNamed = (value, name, length) => typeof value === 'function' && value.name === name && value.length === length && isNative(value)
const isNative = (value) => /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(value))

function checkFunction (name, length) {
  return checkMethod(globalThis, name, length) ? [] : ['its name, its length or its attributes']
}

function checkObject (name, { of, methods }) {
  const problems = []
  if (of && !(typeof globalThis[of] === 'function' && globalThis[name] instanceof globalThis[of])) problems.push(`that it is a ${of}`)
  if (!methods) return problems
  if (!same(Object.getOwnPropertyDescriptor(globalThis, name), HIDDEN)) problems.push('the attributes of the global')
  for (const { name: method, length } of methods.split(' ').map(parse)) {
    if (!checkMethod(globalThis[name], method, length)) problems.push(`\`${method}\``)
  }
  return problems
}

function throwsTypeError (work) {
  try {
    work()
    return false
  } catch (error) {
    return error instanceof TypeError
  }
}

async function isTrue (holds) {
  try {
    return await holds() === true
  } catch {
    return false
  }
}

async function failsWithTypeError (work) {
  try {
    await work()
    return false
  } catch (error) {
    return error instanceof TypeError
  }
}
