import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { loadPlugins } from '../../src/engine/load-plugins.ts'
import { temporaryFolder } from '../helpers/files.ts'

test('plugins are loaded in their order, by path and by URL, one or several of a module', async (t) => {
  const folder = temporaryFolder(t)
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const one = write('one.ts', 'export default { name: "one" as string, setup () {} }')
  const two = write('two.mjs', 'class Two { name = "two"; setup () {} }\nexport default [new Two(), { name: "three", required: ["two"], setup () {} }]')

  const plugins = await loadPlugins([relative('.', one), pathToFileURL(two).href].join(', '))

  assert.deepEqual(plugins.map(({ name }) => name), ['one', 'two', 'three'])
  assert.deepEqual(await loadPlugins(''), [])
})

test('a module that has no plugins is refused, by its name and the plugin\'s', async (t) => {
  const folder = temporaryFolder(t)
  const refused = async (text: string, words: RegExp) => {
    const file = join(folder, `${Math.random()}.mjs`)
    writeFileSync(file, text)
    await assert.rejects(loadPlugins(file), (error) => error instanceof Error && error.message.startsWith('Cannot start: ') && error.message.includes(file) && words.test(error.message))
  }

  await refused('export const plugin = 1', /default export is neither a plugin nor a list of plugins/)
  await refused('export default () => ({ name: "made", setup () {} })', /neither a plugin nor a list/)
  await refused('export default { name: "lame" }', /plugin "lame" of ".*" in BATCHBOX_PLUGINS is not valid\n[^]*setup/)
  await refused('export default [{ name: "fine", setup () {} }, { name: "needy", required: "fine", setup () {} }]', /plugin "needy" [^]*required/)
  await refused('export default []', /empty list of plugins/)
  await refused('export default (', /cannot be loaded: /)
  await assert.rejects(loadPlugins('file://elsewhere/plugin.ts'), /^Error: Cannot start: BATCHBOX_PLUGINS names "file:\/\/elsewhere\/plugin.ts", which cannot be loaded: File URL host/)
  await assert.rejects(loadPlugins('nowhere.ts'), /BATCHBOX_PLUGINS names "nowhere.ts", which cannot be loaded: Cannot find module/)
})
