// @ts-check
import { JSONStringify, RangeErrorConstructor, TypeErrorConstructor, regExpExec } from '../intrinsics.js'
import { useUnit } from '../units.js'
import { buildWords, requireArguments, shapeInterface, toByteText, toDictionary, toScalarText, toUnsignedShort } from '../webidl.js'
import { Body, defineBodyMethods, readBodyInit } from './body.js'
import { HeaderList, buildHeaders, cloneHeaders, fillHeaders, listOf, readInit } from './headers.js'
import { encodeUtf8 } from './utf8.js'

const NULL_BODY = buildWords(['101', '103', '204', '205', '304'])
const REDIRECTS = buildWords(['301', '302', '303', '307', '308'])
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * What a response is besides its body and headers.
 * @typedef {{ type: string, url: string, redirected: boolean, status: number, statusText: string }} Facts without a prototype
 */

/** Makes a response from what came. @type {(facts: Facts, list: HeaderList, body: Body | null) => Response} */
export let buildResponse

/** Source: https://fetch.spec.whatwg.org/#response-class */
export class Response {
  /** @type {Facts} */
  #facts = buildFacts('default', 200, '')
  #headers = buildHeaders(new HeaderList(), 'none')
  /** @type {Body | null} */
  #body = null

  static {
    buildResponse = (facts, list, body) => {
      const response = new Response()
      response.#facts = facts
      response.#headers = buildHeaders(list, 'immutable')
      response.#body = body
      return response
    }
    defineBodyMethods(Response, (/** @type {Response} */ response) => ({ body: response.#body, list: listOf(response.#headers) }))
  }

  /** @param {unknown} [body] @param {unknown} [init] */
  constructor (body = null, init = undefined) {
    const content = body === null || body === undefined ? null : readBodyInit(body)
    this.#fill(readResponseInit(init), content)
  }

  static error () {
    return buildResponse(buildFacts('error', 0, ''), new HeaderList(), null)
  }

  /** @param {unknown} url @param {unknown} [status] */
  static redirect (url, status = 302) {
    requireArguments(arguments.length, 1, 'Response.redirect')
    const text = toScalarText(url)
    const code = toUnsignedShort(status)
    const location = useUnit('url').parseUrl(text)
    if (location === null) throw new TypeErrorConstructor(`Cannot redirect: "${text}" is not a URL, or not a whole one`)
    if (!(code in REDIRECTS)) throw new RangeErrorConstructor(`Cannot redirect: ${code} is not the status of a redirect`)
    const list = new HeaderList()
    list.append('location', location)
    return buildResponse(buildFacts('default', code, ''), list, null)
  }

  /** @param {unknown} data @param {unknown} [init] */
  static json (data, init = undefined) {
    requireArguments(arguments.length, 1, 'Response.json')
    const options = readResponseInit(init)
    const text = JSONStringify(data)
    if (text === undefined) throw new TypeErrorConstructor('Cannot make response: the data cannot be said in JSON')
    const response = new Response()
    response.#fill(options, () => ({ body: new Body(encodeUtf8(text), null, null), type: 'application/json' }))
    return response
  }

  get type () { return this.#facts.type }
  get url () { return this.#facts.url }
  get redirected () { return this.#facts.redirected }
  get status () { return this.#facts.status }
  get ok () { return this.#facts.status >= 200 && this.#facts.status <= 299 }
  get statusText () { return this.#facts.statusText }
  get headers () { return this.#headers }
  get body () { return this.#body === null ? null : this.#body.stream }
  get bodyUsed () { return this.#body !== null && this.#body.isUsed }

  clone () {
    if (this.#body?.isUnusable) throw new TypeErrorConstructor('Cannot clone response: somebody reads its body or did')
    const response = new Response()
    response.#facts = this.#facts
    response.#headers = cloneHeaders(this.#headers)
    response.#body = this.#body === null ? null : this.#body.clone()
    return response
  }

  /** @param {ReturnType<typeof readResponseInit>} init @param {import('./body.js').Content | null} content */
  #fill ({ status, statusText, pairs }, content) {
    if (status < 200 || status > 599) throw new RangeErrorConstructor(`Cannot make response: its status ${status} is not one from 200 to 599`)
    if (regExpExec(REASON, statusText) === null) throw new TypeErrorConstructor('Cannot make response: its statusText has characters that it cannot have')
    this.#facts = buildFacts('default', status, statusText)
    if (pairs !== null) fillHeaders(this.#headers, pairs)
    if (content === null) return
    if (isNullBody(status)) throw new TypeErrorConstructor(`Cannot make response: one of status ${status} has no body`)
    const { body, type } = content()
    this.#body = body
    const list = listOf(this.#headers)
    if (type !== null && list.get('content-type') === null) list.append('content-type', type)
  }
}
shapeInterface(
  Response, 'Response', ['type', 'url', 'redirected', 'status', 'ok', 'statusText', 'headers', 'body', 'bodyUsed', 'clone'], ['error', 'redirect', 'json'],
)

/** Plays what most code does with answers, for V8 to have it compiled. */
export function rehearse () {
  /** @type {any} what Body gives it is not in its class */
  const response = new Response('{"a":1}', { status: 201, headers: { 'content-type': 'text/plain' } })
  void response.clone().text()
  void response.json()
  return [response.ok, response.status, response.headers.get('content-type')]
}

/** Source: https://fetch.spec.whatwg.org/#null-body-status @param {number} status */
export const isNullBody = (status) => status in NULL_BODY

/** @param {string} type @param {number} status @param {string} statusText @returns {Facts} */
export function buildFacts (type, status, statusText) {
  return /** @type {any} */ ({ __proto__: null, type, url: '', redirected: false, status, statusText })
}

/** Members in the order of Web IDL. @param {unknown} init */
function readResponseInit (init) {
  const options = toDictionary(init, 'The options of a response')
  const { headers } = options
  const pairs = headers === undefined ? null : readInit(headers)
  const status = options['status']
  const code = status === undefined ? 200 : toUnsignedShort(status)
  const statusText = options['statusText']
  return { pairs, status: code, statusText: statusText === undefined ? '' : toByteText(statusText, 'The statusText of a response') }
}
