import type { Representation } from "./format.js";

/**
 * How a client wants to read a fault. SOAP clients are known by what they send (SOAP 1.2: application/soap+xml; 1.1:
 * text/xml with a SOAPAction header); others by what they accept, and else by what they send. JSON when in doubt,
 * and for browsers, which accept XML among much else.
 */
export function negotiate(headers: ReadonlyMap<string, string>): Representation {
  const sent = mediaType(headers.get("content-type") ?? "");
  if (sent === "application/soap+xml") return "soap12";
  if (sent === "text/xml" && headers.has("soapaction")) return "soap11";
  for (const accepted of acceptedTypes(headers.get("accept") ?? "")) {
    if (accepted === "application/soap+xml") return "soap12";
    if (isXml(accepted)) return "xml";
    if (accepted === "text/html" || accepted.endsWith("json")) return "json";
  }
  return isXml(sent) ? "xml" : "json";
}

/** gRPC clients read no body: they get a status of their own in headers. */
export function isGrpc(headers: ReadonlyMap<string, string>): boolean {
  return /^application\/grpc($|[+;])/.test(headers.get("content-type") ?? "");
}

/** The media types of an Accept header, the most wanted first (RFC 9110 section 12.5.1); none with q=0. */
function acceptedTypes(accept: string): string[] {
  return accept
    .split(",")
    .map((range) => ({
      type: mediaType(range),
      q: Number(/;\s*q=(\d(?:\.\d{0,3})?)\s*(?:;|$)/i.exec(range)?.[1] ?? 1),
    }))
    .filter(({ type, q }) => type !== "" && q > 0)
    .sort((a, b) => b.q - a.q)
    .map(({ type }) => type);
}

function isXml(type: string): boolean {
  return type === "application/xml" || type === "text/xml";
}

function mediaType(value: string): string {
  return (value.split(";")[0] ?? "").trim().toLowerCase();
}
