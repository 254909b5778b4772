# The worker as an image: compiled code, production dependencies and fonts for the world's scripts. docs/operations.md tells
# how to run it.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/clean.mjs ./scripts/
COPY src ./src
RUN ["npm", "run", "build"]

# The binaries of sharp come as optional packages, so no install script has to run.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="notion-to-facebook" \
      org.opencontainers.image.description="Gives every planned Facebook post in a Notion database the picture it needs, unattended." \
      org.opencontainers.image.licenses="MIT"

# fonts-noto-core holds the scripts of India, Thai, Khmer, Georgian and the like (Debian 12, 2026-11).
RUN apt-get update \
 && apt-get install --yes --no-install-recommends fonts-noto-cjk fonts-noto-color-emoji fonts-noto-core \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=node --group=node /data

ENV NODE_ENV=production \
    IMAGES_DIR=/data

WORKDIR /app
COPY package.json LICENSE ./
COPY assets ./assets
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist

# The base image's user "node", by number: Kubernetes proves that it is not root.
USER 1000:1000
VOLUME ["/data"]
EXPOSE 3000
STOPSIGNAL SIGTERM

# The worker writes its heartbeat at least once a minute. A clock that jumped makes it old or new by as much.
HEALTHCHECK --interval=1m --timeout=10s --start-period=2m --retries=2 \
  CMD ["node", "-e", "const { mtimeMs } = require('node:fs').statSync(process.env.IMAGES_DIR + '/.state/heartbeat'); process.exit(Math.abs(Date.now() - mtimeMs) < 180_000 ? 0 : 1)"]

ENTRYPOINT ["node", "dist/cli.js"]
CMD ["start"]
