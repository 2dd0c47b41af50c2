import type { Latency } from "./load/order.js";
import { type BodyName, bodyNames } from "./metering/bodies.js";
import type { TargetName } from "./targets.js";

/** What the bench found out; with `--json`, what it prints. Numbers are medians over the rounds. */
export interface Report {
  readonly node: string;
  readonly cpus: number;
  /** Whether servers and load had a core each. */
  readonly pinned: boolean;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly requestBytes: number;
  readonly limitsPerRequest: number;
  readonly results: Readonly<Record<TargetName, TargetReport>>;
  readonly metering: Readonly<Record<BodyName, MeteringReport>>;
  readonly ratios: Readonly<Record<"weir10ToFloor" | "weir1000ToWeir10" | "deniedToWeir10", Ratio>>;
}

/** What reading one kind of response costs, in pieces of 16 KiB. Bytes are those before compression. */
export interface MeteringReport {
  readonly megabytesPerSecond: number;
  /** Of a document: an event or message of a stream, or the whole body. */
  readonly cpuUsPerDocument: number;
  readonly bytesPerDocument: number;
}

/** Latencies are those of many calls at once; under `light` of one at a time. */
export interface TargetReport extends Latency {
  readonly cpuUsPerDecision: number;
  readonly cpuUsPerDecisionByRound: readonly number[];
  readonly decisionsPerSecond: number;
  readonly light: Latency;
  /** Resident memory before the first call, and after the last. */
  readonly rssMiBAtStart: number;
  readonly rssMiB: number;
  readonly replies: number;
  /** Read back from the server; null for the floor, which counts nothing. */
  readonly decisionsCounted: number | null;
}

/** Medians of the ratios within each round, which noise moves less than the figures. */
export interface Ratio {
  readonly cpuUsPerDecision: number;
  readonly p50Ms: number;
  readonly lightP50Ms: number;
}

const labels: Record<TargetName, string> = {
  floor: "gRPC, fixed reply",
  weir10: "weir, 10 APIs",
  weir1000: "weir, 1,000 APIs",
  denied: "weir, 10 APIs, all denied",
};

const bodyLabels: Record<BodyName, string> = {
  embeddings: "JSON, 8 MB of embeddings",
  image: "JSON, 8 MB in one string",
  chatEvents: "SSE, OpenAI chat",
  usageEvents: "SSE, usage in every event",
  gzippedEvents: "SSE, OpenAI chat, gzip",
  bedrockMessages: "AWS event stream, Converse",
  jsonLines: "JSON lines, Ollama",
};

const columns: readonly [title: string, digits: number, of: (row: TargetReport) => number][] = [
  ["CPU µs/decision", 1, (row) => row.cpuUsPerDecision],
  ["decisions/s", 0, (row) => row.decisionsPerSecond],
  ["p50 ms", 2, (row) => row.p50Ms],
  ["p90 ms", 2, (row) => row.p90Ms],
  ["p99 ms", 2, (row) => row.p99Ms],
  ["alone p50 ms", 2, (row) => row.light.p50Ms],
  ["alone p99 ms", 2, (row) => row.light.p99Ms],
  ["RSS MiB", 0, (row) => row.rssMiB],
];

/** The report for people. */
export function formatReport(report: Report): string {
  const { results, ratios } = report;
  const where = report.pinned ? "servers on one core, load on another" : "not pinned to cores";
  const width = Math.max(...Object.values(labels).map((label) => label.length));
  const rows = (Object.keys(labels) as TargetName[]).map((name) => {
    const cells = columns.map(([title, digits, of]) =>
      of(results[name]).toFixed(digits).padStart(title.length),
    );
    return [labels[name].padEnd(width), ...cells].join("  ");
  });
  const bodyWidth = Math.max(...Object.values(bodyLabels).map((label) => label.length));
  const meterRows = bodyNames.map((name) => {
    const { megabytesPerSecond, cpuUsPerDocument, bytesPerDocument } = report.metering[name];
    return [
      bodyLabels[name].padEnd(bodyWidth),
      megabytesPerSecond.toFixed(0).padStart("MB/s".length + 2),
      cpuUsPerDocument.toFixed(2).padStart("CPU µs/document".length),
      bytesPerDocument.toFixed(0).padStart("bytes/document".length),
    ].join("  ");
  });
  const times = (ratio: Ratio) => `${ratio.cpuUsPerDecision.toFixed(2)} times`;
  return [
    `node ${report.node}, ${report.cpus} CPUs, ${where}; rounds: ${report.rounds} × ${report.secondsPerRound} s`,
    `${report.limitsPerRequest} limits a decision, ${report.requestBytes} bytes a request, 2 connections × 25 calls`,
    "",
    ["".padEnd(width), ...columns.map(([title]) => title)].join("  "),
    ...rows,
    "",
    `${"metering".padEnd(bodyWidth)}    MB/s  CPU µs/document  bytes/document`,
    ...meterRows,
    "",
    `CPU of a decision: ${times(ratios.weir10ToFloor)} a fixed reply;` +
      ` with 1,000 APIs ${times(ratios.weir1000ToWeir10)} that with 10; a denial ${times(ratios.deniedToWeir10)} an OK`,
  ].join("\n");
}
