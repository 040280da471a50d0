# The worker. Debian, because the Temporal SDK's native core does not run on musl.
# Whoever needs a build that is the same to the byte adds the digest of the tag in both lines.
FROM node:22.22.3-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
COPY sandbox ./sandbox
RUN npm run build

FROM node:22.22.3-bookworm-slim
# What the steps of a plan run: psql, pg_dump and pg_restore; git; ssh.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git openssh-client postgresql-client tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Of the SDK's native core only this platform's is kept; the others are 109 MB.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force \
    && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
       -not -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +
COPY --from=build /app/dist ./dist
COPY plans ./plans
COPY docker/worker-health.js ./docker/worker-health.js
ENV NODE_ENV=production SUREFOOT_STATE=/var/lib/surefoot
# A named volume takes the owner of the folder that it is first mounted on.
RUN install -d -o node -g node -m 0700 /var/lib/surefoot
VOLUME /var/lib/surefoot
USER node
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["node", "docker/worker-health.js"]
# tini hands SIGTERM on and reaps what recorded commands leave behind.
ENTRYPOINT ["tini", "--", "node", "dist/src/client/main.js"]
CMD ["worker", "--state", "/var/lib/surefoot"]
