import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildToolConfig } from '../../src/worker/tool-config.ts'

const url = 'postgres://jobs:secret@db/shop'

test('the database of DATABASE_URL is the first of tool db, and what else is configured of it counts', () => {
  const text = '{"kv":{"maxEntries":1},"db":{"maxRows":5,"databases":{"other":{"url":"postgres://b"},"main":{"maxConnections":2}}}}'

  assert.deepEqual(Object.entries(JSON.parse(buildToolConfig({ BATCHBOX_TOOL_CONFIG: text, DATABASE_URL: url, BATCHBOX_SCHEMAS: 'schemas' })) as object), Object.entries({
    kv: { maxEntries: 1 }, db: { maxRows: 5, databases: { main: { url, schemas: 'schemas', maxConnections: 2 }, other: { url: 'postgres://b' } } },
  }))
  assert.equal(buildToolConfig({ BATCHBOX_TOOL_CONFIG: '{}', DATABASE_URL: url, BATCHBOX_SCHEMAS: undefined }), JSON.stringify({ db: { databases: { main: { url } } } }))
})

test('without it, and where it is not JSON, the configuration stays as it is', () => {
  assert.equal(buildToolConfig({ BATCHBOX_TOOL_CONFIG: '{"db":{}}', DATABASE_URL: undefined, BATCHBOX_SCHEMAS: undefined }), '{"db":{}}')
  assert.equal(buildToolConfig({ BATCHBOX_TOOL_CONFIG: 'no', DATABASE_URL: url, BATCHBOX_SCHEMAS: undefined }), 'no')
})
