/** Ports of other protocols, whose servers might take a request for theirs. Source: Fetch standard, "port blocking". */
const BAD_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137,
  139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }
const URL_MAX_CHARS = 16_384

/** Where a request goes. */
export interface Target {
  /** Without a fragment, and without a dot at the end of its host. */
  url: URL
  /** As URLs have it: lower case, in Punycode, addresses in their one spelling, IPv6 in brackets. */
  host: string
  port: number
}

/** Why a text is no URL that is requested, as the end of a sentence. */
export class RefusedTarget extends Error {
  override readonly name = 'RefusedTarget'
  /** The host, or the scheme where there is none; empty for a text that is no URL. */
  readonly target: string

  constructor (reason: string, target = '') {
    super(reason)
    this.target = target
  }
}

/** Reads a URL that user code or a redirect names. Throws a RefusedTarget for what is not http or https, has a name or a password in it, or a port that is blocked. */
export function readTarget (text: string, base?: URL): Target {
  if (text.length > URL_MAX_CHARS) throw new RefusedTarget(`the URL is longer than ${URL_MAX_CHARS} characters`)
  const url = URL.parse(text, base)
  if (!url) throw new RefusedTarget('the URL cannot be read')
  const name = url.host || url.protocol
  const defaultPort = DEFAULT_PORTS[url.protocol]
  if (defaultPort === undefined) throw new RefusedTarget(`its scheme is "${url.protocol.slice(0, -1)}", only http and https are requested`, name)
  if (url.username !== '' || url.password !== '') throw new RefusedTarget('the URL has a name or a password in it; send an Authorization header instead', name)
  if (url.hostname.includes('..') || url.hostname.startsWith('.')) throw new RefusedTarget('its host has an empty label', name)
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1)
  url.hash = ''
  const port = url.port === '' ? defaultPort : Number(url.port)
  if (BAD_PORTS.has(port)) throw new RefusedTarget(`port ${port} is blocked: it is known for another protocol`, name)
  return { url, host: url.hostname, port }
}
