// @ts-check
import { TypeErrorConstructor } from '../intrinsics.js'
import { shapeInterface } from '../webidl.js'

/** Who this is, without a version: it would tell those who attack it what to try. Source: https://min-common-api.proposal.wintertc.org/#navigator-useragent-requirements */
const USER_AGENT = 'Batchbox'

/** @type {Navigator | undefined} */
let only

/** Source: https://html.spec.whatwg.org/multipage/system-state.html#the-navigator-object */
export class Navigator {
  constructor () {
    if (only !== undefined) throw new TypeErrorConstructor('Cannot construct Navigator: there is one already')
  }

  get userAgent () {
    if (this !== only) throw new TypeErrorConstructor('Cannot read userAgent: this is no Navigator')
    return USER_AGENT
  }
}
shapeInterface(Navigator, 'Navigator', ['userAgent'])

export const navigator = only = new Navigator()
