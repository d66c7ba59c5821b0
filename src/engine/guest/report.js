// @ts-check

/** @type {(thrown: unknown) => void} */
let fail = () => {}

/** @param {(thrown: unknown) => void} end */
export function connectReport (end) {
  fail = end
}

/** Ends the run with what nobody caught, be it a listener's or a timer's. Source: https://html.spec.whatwg.org/#report-an-exception @param {unknown} thrown */
export function reportException (thrown) {
  fail(thrown)
}
