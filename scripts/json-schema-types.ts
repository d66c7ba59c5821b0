/** A schema as zod writes it: draft 2020-12, of which only what is named below may come. */
export type Schema = Record<string, unknown>

/** Writes a schema as an exported type of that name. Throws for a schema that says more than what is known here. */
export function writeNamed (name: string, schema: Schema): string {
  const isInterface = schema['type'] === 'object' && 'properties' in schema
  return isInterface ? `export interface ${name} ${writeObject(schema, '')}` : `export type ${name} = ${writeType(schema, '')}`
}

function writeType (schema: Schema, indent: string): string {
  const { type, $ref, anyOf, enum: values, const: value } = schema
  if (typeof $ref === 'string') return $ref.split('/').at(-1) ?? 'never'
  if (Array.isArray(anyOf)) return unite(anyOf.map((each: Schema) => writeType(each, indent)))
  if (Array.isArray(values)) return unite(values.map(writeLiteral))
  if ('const' in schema) return writeLiteral(value)
  if (Array.isArray(type)) return unite(type.map((each: unknown) => writeType({ ...schema, type: each }, indent)))
  switch (type) {
    case undefined: return 'unknown'
    case 'string': case 'boolean': case 'null': return type
    case 'number': case 'integer': return 'number'
    case 'array': return writeArray(schema, indent)
    case 'object': return writeObject(schema, indent)
    default: throw new TypeError(`Cannot write a type for ${JSON.stringify(schema)}`)
  }
}

function writeArray ({ items, prefixItems }: Schema, indent: string): string {
  if (Array.isArray(prefixItems)) return `[${prefixItems.map((each: Schema) => writeType(each, indent)).join(', ')}]`
  const each = writeType(items as Schema, indent) // JSON Schema has one there
  return each.includes(' | ') && !each.startsWith('{') ? `(${each})[]` : `${each}[]`
}

function writeObject ({ properties, required, additionalProperties, propertyNames }: Schema, indent: string): string {
  if (properties === undefined) return writeRecord((propertyNames ?? {}) as Schema, (additionalProperties ?? {}) as Schema, indent) // both are schemas
  const inner = `${indent}  `
  const needed = new Set(required as string[] | undefined) // names of members
  const members = Object.entries(properties as Record<string, Schema>).map(([name, member]) => {
    const comment = typeof member['description'] === 'string' ? `${inner}/** ${member['description'].replaceAll('*/', '*\\/')} */\n` : ''
    return `${comment}${inner}${/^\w+$/.test(name) ? name : writeLiteral(name)}${needed.has(name) ? '' : '?'}: ${writeType(member, inner)}\n`
  })
  return `{\n${members.join('')}${indent}}`
}

function writeRecord (names: Schema, values: Schema, indent: string): string {
  const name = '$ref' in names || 'enum' in names ? writeType(names, indent) : undefined
  return name === undefined ? `Record<string, ${writeType(values, indent)}>` : `Partial<Record<${name}, ${writeType(values, indent)}>>`
}

function unite (types: string[]): string {
  return [...new Set(types)].join(' | ')
}

function writeLiteral (value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll(/[\\']/g, '\\$&')}'` : JSON.stringify(value)
}
