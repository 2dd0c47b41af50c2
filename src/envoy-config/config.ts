/**
 * A piece of Envoy's configuration. Keys are of one line; one that begins with `# ` is a comment on the key behind it, of
 * at most 1,000 characters (YAML takes a longer key for no simple one).
 */
export interface Config {
  readonly [key: string]: ConfigValue;
}

export type ConfigValue = string | number | boolean | null | Config | readonly ConfigValue[];

/** The configuration of an extension or resource, by the full name of its message. */
export function typed(message: string, config: Config = {}): Config {
  return { "@type": `type.googleapis.com/${message}`, ...config };
}
