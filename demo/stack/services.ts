/** Where this machine has what docker-compose.yml calls by name. */
export interface ServicePorts {
  readonly production: number;
  readonly sandbox: number;
  readonly llm: number;
  /** Null where there is no Redis: weir then counts for itself. */
  readonly redis: number | null;
}

/** A policy whose URLs name the services of docker-compose.yml, with the addresses that they have here. */
export function localize(policy: string, { production, sandbox, llm, redis }: ServicePorts): string {
  const ports: Readonly<Record<string, number>> = {
    "backend-production": production,
    "backend-sandbox": sandbox,
    llm,
  };
  const local = policy.replace(
    /http:\/\/(backend-production|backend-sandbox|llm):8080/g,
    (_, name: string) => `http://127.0.0.1:${ports[name]}`,
  );
  if (redis === null) return local.replace(/^store: .*$/m, "store: { kind: memory }");
  return local.replace("redis://redis:6379", `redis://127.0.0.1:${redis}`);
}
