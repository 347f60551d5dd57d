// These are the floors of docs/explanation/architecture: imports point down only. test/house/floors.test.ts plants a
// violation of every rule in a temporary copy and checks that it is caught.
const libraryHomes = {
  fastify: '^src/http/',
  '@fastify/[^/]+': '^src/http/',
  'fastify-type-provider-zod': '^src/http/',
  helmet: '^src/http/',
  'better-sqlite3': '^src/adapters/sqlite/',
  'ali-oss': '^src/adapters/oss/',
  '@alicloud/credentials': '^src/adapters/credentials/',
  'fast-xml-parser': '^src/oss-emulator/',
  mime: '^src/adapters/oss/',
  picomatch: '^src/adapters/file/',
  pino: '^src/adapters/log/',
  'pino-pretty': '^src/adapters/log/',
  commander: '^src/(cli/|main\\.ts)',
  'cli-progress': '^src/cli/',
  'close-with-grace': '^src/daemon/serve\\.ts',
  standardwebhooks: '^src/adapters/webhook/',
  'prom-client': '^src/http/',
  zod: '^src/(http|config)/',
}
const anyLibrary = `^node_modules/(${Object.keys(libraryHomes).join('|')})/`

// These are the rooms of the engine from its top to its ground. A room sees itself and what lies below it, but not its
// neighbours.
const engineRooms = [
  ['bulk', 'dispatch', 'upkeep'],
  ['use-cases'],
  ['upload'],
  ['feed', 'outbox'],
  ['capacity', 'metering', 'storage'],
  ['nodes'],
  ['async'],
]

const floor = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to })

module.exports = {
  forbidden: [
    // This rule comes first, so that an import that cannot be followed is never mistaken for one that is allowed.
    floor('no-unresolved', {}, { couldNotResolve: true }, 'What does not resolve cannot be judged.'),
    floor('no-circular', {}, { circular: true }, 'Imports point down only, so no circle can exist.'),
    floor(
      'core-is-ground',
      { path: '^src/core/' },
      { pathNot: '^src/core/' },
      'core is pure: it imports nothing but core.',
    ),
    floor(
      'ports-on-core',
      { path: '^src/ports/' },
      { pathNot: '^src/(ports|core)/' },
      'ports are interfaces over core words.',
    ),
    floor(
      'adapters-on-ports',
      { path: '^src/adapters/' },
      { path: '^src/', pathNot: '^src/(adapters|ports|core)/' },
      'An adapter knows its library, the ports and core; nothing above it.',
    ),
    floor(
      'adapters-apart',
      { path: '^src/adapters/([^/]+)/' },
      { path: '^src/adapters/([^/]+)/', pathNot: '^src/adapters/$1/' },
      'Adapters never import each other.',
    ),
    floor(
      'engine-on-ports',
      { path: '^src/engine/' },
      { pathNot: '^src/(engine|ports|core)/' },
      'The engine has no library and no direct I/O.',
    ),
    floor(
      'http-on-engine',
      { path: '^src/http/' },
      { path: '^src/', pathNot: '^src/(http|engine|ports|core)/' },
      'HTTP goes through the use cases; there is no way around them.',
    ),
    floor(
      'http-on-use-cases',
      { path: '^src/http/' },
      { path: '^src/engine/', pathNot: '^src/engine/(use-cases|feed)/' },
      'HTTP asks the use cases and reads the feed; how work is done is not its business.',
    ),
    ...engineRooms.flatMap((rooms, tier) =>
      rooms.map((room) =>
        floor(
          `${room}-looks-down`,
          { path: `^src/engine/${room}/` },
          {
            path: '^src/engine/',
            pathNot: `^src/engine/(${[room, ...engineRooms.slice(tier + 1).flat()].join('|')})/`,
          },
          'The rooms of the engine import downwards only.',
        ),
      ),
    ),
    floor(
      'every-room-has-a-tier',
      { path: '^src/engine/', pathNot: `^src/engine/(compose\\.ts$|(${engineRooms.flat().join('|')})/)` },
      {},
      'A new room of the engine gets its tier here before it imports anything.',
    ),
    floor(
      'settings-come-first',
      { path: '^src/config/' },
      { path: '^src/(main\\.ts|daemon/|doctor/|engine/)' },
      'The settings are read before there is anything that they could ask.',
    ),
    floor(
      'beside-the-house',
      { path: '^src/(cli|dashboard|oss-emulator)/' },
      { path: '^src/', pathNot: '^src/(core|$1)/' },
      'The CLI and the dashboard talk HTTP only; the emulator is independent on purpose.',
    ),
    floor(
      'dashboard-in-a-browser',
      { path: '^src/dashboard/' },
      { dependencyTypes: ['core'] },
      'The page runs in a browser, where nothing of Node.js is.',
    ),
    floor(
      'dashboard-bundles-little',
      { path: '^src/dashboard/' },
      {
        path: '^node_modules/',
        pathNot: '^node_modules/(preact|@preact/signals|uplot)/',
        dependencyTypes: ['npm-dev'],
      },
      'What the page is built of is sent to every reader.',
    ),
    floor(
      'nobody-imports-the-roof',
      { path: '^src/', pathNot: '^src/(main\\.ts|launch\\.cts|(config|daemon|doctor)/)' },
      { path: '^src/(main\\.ts|launch\\.cts|(config|daemon|doctor)/)' },
      'launch.cts, main.ts and their three rooms are the roof.',
    ),
    floor(
      'every-folder-has-a-floor',
      {
        path: '^src/[^/]+/',
        pathNot: '^src/(core|ports|adapters|engine|http|cli|dashboard|oss-emulator|config|daemon|doctor)/',
      },
      {},
      'A new folder gets a floor and a rule here before it imports anything.',
    ),
    floor(
      'every-library-has-a-home',
      { path: '^src/', pathNot: '^src/dashboard/' },
      { path: '^node_modules/', pathNot: anyLibrary },
      'A new library gets its one home here, and a line in decision record 0001. Tools of the development have none.',
    ),
    ...Object.entries(libraryHomes).map(([library, home]) =>
      floor(
        `${library.replace('/[^/]+', '-plugins').replace('@', '')}-at-home`,
        { path: '^src/', pathNot: home },
        { path: `^node_modules/${library}/` },
        'Each library has one home.',
      ),
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // With this setting a tree whose node_modules is a link is judged by the paths that the rules name.
    preserveSymlinks: true,
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
