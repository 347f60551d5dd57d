# Node.js 24 is not used until better-sqlite3 is safe on it (docs/explanation/decisions/0028-node-releases.md).
ARG NODE_VERSION=22
# The base images come from here. Name those of your own registry if Docker Hub cannot be reached.
ARG BUILD_IMAGE=node:${NODE_VERSION}-bookworm
ARG RUNTIME_IMAGE=node:${NODE_VERSION}-bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No script of a dependency runs, except the one that compiles SQLite where its prebuilt binary does not fit.
RUN npm ci --ignore-scripts && npm rebuild better-sqlite3
# Our own script may run: it compiles the CRC-64 addon. An image without the addon works too.
COPY native native
RUN npm run install
COPY tsconfig.json tsconfig.build.json vite.config.ts ./
COPY src src
COPY migrations migrations
COPY scripts/bundle scripts/bundle
RUN npm run build \
 && npm run bundle \
 && chmod 755 dist/launch.cjs \
 && npm prune --omit=dev --ignore-scripts \
 && node dist/bundle/warm.mjs \
 # This removes what compiling leaves behind, and sources that nothing reads at run time.
 && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src native/crc64/build \
 && find node_modules/better-sqlite3/build -type f ! -name better_sqlite3.node -delete \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete

FROM ${RUNTIME_IMAGE}
# Give the commit and the time of the build:
#   docker build --build-arg REVISION=$(git rev-parse HEAD) --build-arg CREATED=$(date -u +%FT%TZ)
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="Longshore" \
      org.opencontainers.image.description="A resumable upload daemon for Alibaba Cloud OSS" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
WORKDIR /opt/longshore
COPY LICENSE package.json ./
COPY migrations migrations
COPY docs/reference/openapi.json docs/reference/openapi.json
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/native native
COPY --from=build /build/dist dist
# An empty volume that is mounted on the data directory takes over its owner and mode.
RUN ln -s /opt/longshore/dist/launch.cjs /usr/local/bin/longshore \
 && install --directory --owner=1000 --group=1000 --mode=0700 /var/lib/longshore

# The daemon listens on loopback only, as everywhere, and the containers of one pod share it. Off loopback
# (LONGSHORE_LISTEN=0.0.0.0:8484) the daemon insists on a token. Options of V8 are left out on purpose: with any, V8
# refuses the code that it has compiled above.
ENV NODE_ENV=production \
    LONGSHORE_DATA_DIR=/var/lib/longshore \
    LONGSHORE_LISTEN=127.0.0.1:8484
VOLUME ["/var/lib/longshore"]
EXPOSE 8484
USER 1000:1000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const [address] = (process.env.LONGSHORE_LISTEN || '127.0.0.1:8484').split(','); const [, unix, host, port] = /^(?:unix:(.+)|(.+):([0-9]+))$/.exec(address.trim()); require('node:http').get({ ...(unix ? { socketPath: unix } : { host: host.replace(/[[\\]]/g, ''), port }), path: '/livez', headers: { host: 'localhost' } }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["longshore"]
CMD ["serve"]
