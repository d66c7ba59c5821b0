// Numbers, arrays, calls and strings, as a job that computes has them.
const PRIMES_BELOW = 8_000_000
const FIBONACCI = 34
const MATRIX = 260
const WORDS = 400_000

export default function compute () {
  return { primes: countPrimes(PRIMES_BELOW), fibonacci: fibonacci(FIBONACCI), trace: multiply(MATRIX), words: countWords(WORDS) }
}

function countPrimes (below) {
  const composite = new Uint8Array(below)
  let count = 0
  for (let number = 2; number < below; number += 1) {
    if (composite[number]) continue
    count += 1
    for (let multiple = number * 2; multiple < below; multiple += number) composite[multiple] = 1
  }
  return count
}

function fibonacci (n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)
}

function multiply (size) {
  const row = (seed) => Array.from({ length: size }, (_, i) => ((i * 31 + seed * 17) % 97) / 97)
  const left = Array.from({ length: size }, (_, i) => row(i))
  const right = Array.from({ length: size }, (_, i) => row(i + 7))
  let trace = 0
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      let sum = 0
      for (let k = 0; k < size; k += 1) sum += left[i][k] * right[k][j]
      if (i === j) trace += sum
    }
  }
  return Math.round(trace)
}

function countWords (words) {
  const counts = new Map()
  let state = 1
  for (let i = 0; i < words; i += 1) {
    state = (state * 48_271) % 2_147_483_647
    const word = `w${(state % 5000).toString(36)}`
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 3)
}
