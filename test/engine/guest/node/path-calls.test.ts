import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { assertDrawnSame, call, type Code, mostly, object, textOf } from './drawn-calls.ts'

const guest = await openGuest()
process.chdir('/') // where the sandbox is, and relative paths begin

const SETUP = 'const path = require("path")'
const PIECES = ['/', '\\', '.', '..', 'a', 'B', 'b.c', ':', 'C:', 'c:', 'D:', ' ', 'é', '😀', '//', '\\\\', '/../', '.html', '?', '*', '\0', 'con', 'NUL', 'COM1', 'LPT9:', '\ud800', '-', 'UNC']
const WHOLE = ['/a/b/c/../../d/./e/', '//server/share/../..', '\\\\server\\share\\a', '\\\\?\\C:\\a', '\\\\.\\pipe\\x', '\\\\?\\UNC\\server\\share', 'C:a/..', 'C:\\a\\B', 'c:/a/b', 'a'.repeat(300)]
const name = mostly(fc.oneof({ weight: 4, arbitrary: textOf(PIECES, 7) }, textOf(WHOLE, 1), fc.tuple(textOf(WHOLE, 1), textOf(PIECES, 4)).map((both) => both.join(' + '))), 12)
const pattern = mostly(textOf(['*', '**', '/', '?', 'a', 'b', '.', '[ab]', '[!a]', '{a,b}', '\\', '..', '+(a)', '!(b)'], 6), 20)

const kindsOf = (on: string): Record<string, Code> => ({
  [`${on}.resolve and join`]: fc.tuple(fc.constantFrom('resolve', 'join'), fc.array(name, { maxLength: 4 })).map(([method, all]) => `${on}.${method}(${all.join(', ')})`),
  [`${on}.relative`]: call(`${on}.relative`, name, name),
  [`${on}.relative of what begins alike`]: fc.tuple(name, name, name).map(([base, from, to]) => `${on}.relative(${base} + ${from}, ${base} + ${to})`),
  [`${on} of one path`]: fc.constantFrom('normalize', 'isAbsolute', 'dirname', 'extname', 'parse', 'toNamespacedPath', '_makeLong').chain((method) => call(`${on}.${method}`, name)),
  [`${on}.basename`]: call(`${on}.basename`, name, fc.oneof(name, textOf(['.', 'c', '.c', 'b', '.html', '/', '\\'], 3))),
  [`${on}.basename, with the end that is there`]: fc.tuple(textOf(['a', '.', '/', '\\', 'b.c'], 5), fc.nat(5)).map(([text, at]) => `((text) => ${on}.basename(text, text.slice(${at})))(${text})`),
  [`${on}.format`]: call(`${on}.format`, mostly(object({ root: name, dir: name, base: name, name, ext: name }), 12)),
  [`${on}.format of what was parsed`]: name.map((text) => `${on}.format(${on}.parse(${text}))`),
  [`${on}.matchesGlob`]: call(`${on}.matchesGlob`, mostly(textOf(['a', 'b', '/', '.', '..', 'aa', '\\'], 6), 20), pattern),
})

test('drawn calls of path do what Node\'s do', async (t) => {
  await assertDrawnSame(t, guest, { setup: SETUP, kinds: { ...kindsOf('path.posix'), ...kindsOf('path.win32') }, callsOfAKind: 300 })
})

test('path has what Node\'s has', async () => {
  await assertSameAsNode(guest, SETUP, [
    ...['path', 'path.posix', 'path.win32'].map((of) => `Object.entries(${of}).map(([name, value]) => [name, typeof value, value.name, value.length])`),
    'path.posix === path', 'path.win32.win32 === path.win32', 'path.win32.posix === path', 'require("path/posix") === path.posix', 'require("node:path/win32") === path.win32', '[path.sep, path.delimiter, path.win32.sep, path.win32.delimiter]',
  ])
})
