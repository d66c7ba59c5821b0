import * as fc from 'fast-check'
import type { Code } from './drawn-calls.ts'

/** What both sides run before programs of streams. A program writes what happens to its streams, in order, and answers all of it. */
export const STREAM_SETUP = `
  const util = require('util'); const { Buffer } = require('buffer'); const process = require('process'); const { setImmediate } = require('timers'); const stream = require('stream'); const promises = require('stream/promises')
  const { Readable, Writable, Duplex, Transform, PassThrough } = stream
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const settle = async () => { for (let i = 0; i < 12; i++) await turn() }
  const quiet = (s) => s?.on?.('error', () => {}) ?? s
  const short = (x) => x instanceof Error ? [x.name, x.code, x.message, x.cause?.message ?? x.cause] : typeof x === 'function' ? 'f ' + x.name : typeof x?.pipe === 'function' ? x.constructor.name : x instanceof Promise ? 'promise' : x
  const caught = (act) => { try { const made = act(); if (made?.catch) made.catch(() => {}); return made } catch (error) { return ['threw', short(error)] } }
  const state = (s) => s && typeof s === 'object' ? ['readableFlowing', 'readableLength', 'readableEnded', 'writableLength', 'writableEnded', 'writableFinished', 'destroyed', 'closed'].map((key) => s[key]).map((x) => x === true ? 'T' : x === false ? 'F' : x === undefined ? '-' : String(x)).join('') + (s.errored?.message ?? '') : typeof s
  const run = async (program) => {
    const lines = []
    const log = (...all) => { if (lines.length < 150) lines.push(util.inspect(all.map(short), { depth: 3, breakLength: Infinity }).replaceAll(/\\n +at .*/g, '')) }
    await program({
      log, c: new AbortController(), data: (x) => log('data', x), written: (error) => log('written', error),
      watch (name, s) { for (const event of ['end', 'close', 'error', 'finish', 'drain', 'pipe', 'unpipe', 'pause', 'resume', 'prefinish']) s.on(event, (x) => log(name + ' ' + event, x)); return s },
      readable () { log('readable'); let x; if (this.readableLength % 2) while ((x = this.read()) !== null) log('got', x) },
      sink: quiet(new Writable({ objectMode: true, highWaterMark: 2, write (x, e, done) { log('sink', x); setImmediate(done) } }).on('finish', () => log('sink finish'))),
    })
    return lines
  }`

/** A step that waits, in one way or another. */
export const waits: Code = fc.constantFrom('await null', 'await settle()', 'await turn()', 'await 0; await 0; await 0', 'await new Promise((resolve) => process.nextTick(resolve))')

/** Steps one after another, each with what it answers or throws. */
export const logged = (steps: readonly string[]): string => steps.map((step) => step.startsWith('await') ? step : `log("=", caught(() => ${step}))`).join('; ')

/** The code of a program. */
export const streamProgram = (body: string): string => `run(async ({ log, c, data, written, watch, readable, sink }) => { ${body} })`

/** A program that may throw, and that waits until all is quiet. */
export const logging = (body: string): string => streamProgram(`try { ${body} } catch (error) { log("threw", error) } await settle()`)
