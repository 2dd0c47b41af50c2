# The image of weir (target `weir`), and one of the demo's backends and its LLM double (target `doubles`).
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src src
COPY demo demo
RUN npx tsc && mkdir empty

FROM node:20.20.2-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Types, sources and source maps are half of the packages, and nothing at run time reads them.
RUN npm ci --omit=dev --ignore-scripts \
  && find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' \) -delete

# No shell, no package manager, and the user `nonroot`. The doubles need no packages.
FROM gcr.io/distroless/nodejs20-debian12:nonroot AS doubles
WORKDIR /app
COPY --from=build /app/package.json package.json
COPY --from=build /app/dist/demo dist/demo
HEALTHCHECK --interval=5s --timeout=2s --start-period=30s --start-interval=1s \
  CMD ["/nodejs/bin/node", "-e", "net.connect(8080, '127.0.0.1').once('connect', () => process.exit(0)).once('error', () => process.exit(1))"]
ENTRYPOINT ["/nodejs/bin/node", "dist/demo/double.js"]

FROM gcr.io/distroless/nodejs20-debian12:nonroot AS weir
LABEL org.opencontainers.image.title="weir" \
      org.opencontainers.image.description="Exact rate and token limits beside Envoy, from one policy file" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="gcr.io/distroless/nodejs20-debian12:nonroot"
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/package.json package.json
COPY --from=build /app/dist/src dist/src
# Where `weir envoy --out` may write: a volume that is mounted here gets this folder's owner.
COPY --from=build --chown=nonroot:nonroot /app/empty /etc/envoy/weir
ENV NODE_ENV=production \
    WEIR_POLICY=/etc/weir/policy.yaml \
    WEIR_GRPC=0.0.0.0:9191 \
    WEIR_ADMIN=127.0.0.1:9192
EXPOSE 9191
HEALTHCHECK --interval=5s --timeout=2s --start-period=30s --start-interval=1s \
  CMD ["/nodejs/bin/node", "-e", "fetch('http://127.0.0.1:9192/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The flags of src/main.ts, which says them for a shell.
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "--min-semi-space-size=16", "--max-semi-space-size=32", "dist/src/main.js"]
CMD ["serve"]
