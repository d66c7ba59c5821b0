// Runs in the sandbox as the code of a job: finds out which modules can be imported, and what of them is missing or different.

export default async function check ({ node, packages }) {
  const found = {}
  for (const [name, exports] of Object.entries(node)) found[name] = await compare(name, exports)
  for (const { specifiers } of packages) {
    for (const name of specifiers) found[name] = await compare(name, [])
  }
  return found
}

async function compare (name, exports) {
  try {
    const module = await import(name)
    if (Object.keys(module).length === 0) return ['all of it']
    return exports.filter(([key, kind]) => typeof module[key] !== kind).map(([key]) => `\`${key}\``)
  } catch (error) {
    return error.code === 'MODULE_NOT_ALLOWED' ? null : [`it cannot be imported: ${error.message}`]
  }
}
