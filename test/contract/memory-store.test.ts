import { createMemoryStore } from '../fakes/memory-store.js'
import { describeStore } from './store.js'

describeStore('memory', async (deps) => {
  const store = createMemoryStore(deps)
  return { store, close: () => store.close() }
})
