# One file, one image per service: docker build --build-arg SERVICE=order-service .

FROM node:20-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/saga-core/package.json libs/saga-core/
COPY libs/http-kit/package.json libs/http-kit/
COPY libs/saga-operator/package.json libs/saga-operator/
COPY libs/messages/package.json libs/messages/
COPY libs/service-kit/package.json libs/service-kit/
COPY apps/order-service/package.json apps/order-service/
COPY apps/consumer-service/package.json apps/consumer-service/
COPY apps/restaurant-service/package.json apps/restaurant-service/
COPY apps/accounting-service/package.json apps/accounting-service/
COPY apps/audit/package.json apps/audit/

# The same for every service, so it is built once.
FROM manifests AS build
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY . .
RUN npm run build

# What this service needs at run time, and nothing of the other services.
FROM manifests AS production
ARG SERVICE
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --omit=dev --workspace=${SERVICE:?is missing}
COPY --from=build /app/libs /built/libs
COPY --from=build /app/apps/${SERVICE} /built/apps/${SERVICE}
RUN cd /built && cp --recursive --parents libs/*/dist apps/*/dist /app/ \
  && find /app/libs /app/apps -path '*/dist/*' \( -name '*.d.ts*' -o -name .tsbuildinfo \) -delete

FROM node:20-slim
ARG SERVICE
# Of a container, only what is published can be reached.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
COPY --from=production /app /app
WORKDIR /app/apps/${SERVICE}
USER node
EXPOSE ${PORT}
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
