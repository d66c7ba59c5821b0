import type { GuestImage } from '../../src/engine/guest-image.ts'

/** What makes a fake runner boot in the way named. */
export const fakeImage = (boot: string): GuestImage => ({ archives: [], tools: { boot }, modulesKey: '' })
