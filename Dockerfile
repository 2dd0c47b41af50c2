# The image of weir (target `weir`), and one of the demo's backends and its LLM double (target `doubles`).
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src src
COPY demo demo
RUN npx tsc

FROM node:20-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

# No shell, no package manager, and the user `nonroot`.
FROM gcr.io/distroless/nodejs20-debian12:nonroot AS doubles
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/package.json package.json
COPY --from=build /app/dist/demo dist/demo
ENTRYPOINT ["/nodejs/bin/node", "dist/demo/double.js"]

FROM gcr.io/distroless/nodejs20-debian12:nonroot AS weir
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/package.json package.json
COPY --from=build /app/dist/src dist/src
ENV WEIR_POLICY=/etc/weir/policy.yaml \
    WEIR_GRPC=0.0.0.0:9191 \
    WEIR_ADMIN=127.0.0.1:9192
EXPOSE 9191
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s \
  CMD ["/nodejs/bin/node", "-e", "fetch('http://127.0.0.1:9192/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The flags of src/main.ts, which says them for a shell.
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "--min-semi-space-size=16", "--max-semi-space-size=32", "dist/src/main.js"]
CMD ["serve"]
