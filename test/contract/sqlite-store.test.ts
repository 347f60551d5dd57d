import { makeTemporaryDirectory, openStore } from '../adapters/sqlite/sqlite-setup.js'
import { describeStore } from './store.js'

describeStore('SQLite', async (deps) => {
  const directory = makeTemporaryDirectory()
  const store = await openStore(directory.path, deps)
  return {
    store,
    close: async () => {
      await store.close()
      directory.remove()
    },
  }
})
