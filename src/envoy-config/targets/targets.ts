import { envoyGateway } from "./envoy-gateway.js";
import { istio } from "./istio.js";
import type { Target } from "./kubernetes.js";

export const targets = { "envoy-gateway": envoyGateway, istio } as const satisfies Readonly<
  Record<string, Target>
>;
