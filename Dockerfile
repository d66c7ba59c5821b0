# One image for the API and the workers; docker-compose.yml and ops/kubernetes say which of the two runs. Give NODE_IMAGE with a digest
# (node:26.10.0-bookworm-slim@sha256:…) to build from the same bytes every time. Debian, not Alpine: the sandbox is prebuilt for glibc, and
# util-linux (prlimit, setpriv, unshare) contains the runners.
ARG NODE_IMAGE=node:26.10.0-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# npm looks for it, though the service has no need of the client.
COPY clients/sdk/package.json clients/sdk/
# The image has Node: the copy that `npm start` would use is left out. Optional packages cannot be left out as such: esbuild's program is one.
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY src src
COPY ops/healthcheck.mjs ops/
# Where a volume for files is mounted: a new one gets its owner from here.
RUN mkdir -m 0700 /files && chown 10001:10001 /files
# A number, so that Kubernetes can tell that it is not root. All of /app belongs to root: nothing in the container may change it.
USER 10001:10001
# What V8 compiled is kept here. /tmp is the one folder that has to be writable; without it a start takes twice the time.
ENV NODE_COMPILE_CACHE=/tmp/compile-cache
ENTRYPOINT ["node", "--disable-warning=SecurityWarning"]
CMD ["src/api/main.ts"]
