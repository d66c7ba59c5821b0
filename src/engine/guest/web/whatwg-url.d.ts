/** The part of whatwg-url that the guest uses: its parser, without the classes around it. The package comes without types. */
declare module 'whatwg-url/lib/url-state-machine.js' {
  /** Source: https://url.spec.whatwg.org/#concept-url */
  export interface UrlRecord {
    scheme: string
    username: string
    password: string
    /** A number for an IPv4 address, eight of them for an IPv6 address. */
    host: string | number | number[] | null
    port: number | null
    /** A text when it is opaque. */
    path: string | string[]
    query: string | null
    fragment: string | null
  }

  export type State = 'scheme start' | 'host' | 'hostname' | 'port' | 'path start' | 'opaque path' | 'query' | 'fragment'

  const machine: {
    /** Answers null for what is no URL. With `url`, changes that part of it which the state says. */
    basicURLParse (text: string, options?: { baseURL?: UrlRecord, url?: UrlRecord, stateOverride?: State }): UrlRecord | null
    cannotHaveAUsernamePasswordPort (url: UrlRecord): boolean
    hasAnOpaquePath (url: UrlRecord): boolean
    serializeHost (host: NonNullable<UrlRecord['host']>): string
    serializePath (url: UrlRecord): string
    serializeURL (url: UrlRecord): string
    serializeURLOrigin (url: UrlRecord): string
    setThePassword (url: UrlRecord, text: string): void
    setTheUsername (url: UrlRecord, text: string): void
  }
  export default machine
}
