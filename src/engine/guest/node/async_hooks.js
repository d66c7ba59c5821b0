// @ts-check
import { loadLibrary } from '../web/node-library.js'

const asyncHooks = loadLibrary('async_hooks')

export default asyncHooks
export const {
  AsyncLocalStorage, createHook, executionAsyncId, triggerAsyncId, executionAsyncResource, asyncWrapProviders, AsyncResource,
} = asyncHooks
