/**
 * What a process that a test starts gets of the tests' own environment: the folder of compiled modules too, as from the command, without which
 * it takes twice the time to start.
 */
export const INHERITED = { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '' }
