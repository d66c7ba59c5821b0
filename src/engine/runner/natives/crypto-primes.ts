import { checkPrimeSync, generatePrimeSync } from 'node:crypto'
import { checkPrimeCandidate, checkPrimeSize } from './crypto-bounds.ts'
import { readBuffer } from './crypto-key-forms.ts'
import { given, type Operations } from './crypto-operation.ts'

const LARGEST = 0x7fff_ffff

export const PRIMES: Operations = {
  generatePrime: {
    as: 'generateKey',
    run: (args) => {
      const bits = args.integer('bits', LARGEST)
      const options = given({ safe: args.flag('safe'), add: args.has('add') ? readBuffer(args, 'add') : undefined, rem: args.has('rem') ? readBuffer(args, 'rem') : undefined })
      checkPrimeSize(bits, options)
      return { made: Buffer.from(generatePrimeSync(bits, options as object)) }
    },
  },
  checkPrime: {
    as: 'generateKey',
    run: (args) => {
      const candidate = readBuffer(args, 'data')
      const checks = args.integer('checks', LARGEST)
      checkPrimeCandidate(candidate, checks)
      return { value: checkPrimeSync(candidate, { checks }) }
    },
  },
}
