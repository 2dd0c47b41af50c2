import type { Fault } from "./fault.js";
import type { FaultBody, Representation } from "./format.js";
import { formatNextAccess } from "./time.js";

/** WSO2's fault as XML (`ThrottleHandler.getFaultPayload`), alone or as the detail of a SOAP fault. */
export function markup(representation: Exclude<Representation, "json">, fault: Fault): FaultBody {
  switch (representation) {
    case "xml":
      return { contentType: "application/xml; charset=UTF-8", body: wso2Fault(fault) };
    case "soap11":
      return {
        contentType: "text/xml; charset=UTF-8",
        body: envelope(
          "http://schemas.xmlsoap.org/soap/envelope/",
          `<faultcode>soapenv:Server</faultcode><faultstring>${escapeXml(fault.message)}</faultstring>` +
            `<detail>${escapeXml(descriptionOf(fault))}</detail>`,
        ),
      };
    case "soap12":
      return {
        contentType: "application/soap+xml; charset=UTF-8",
        body: envelope(
          "http://www.w3.org/2003/05/soap-envelope",
          `<soapenv:Code><soapenv:Value>soapenv:Receiver</soapenv:Value></soapenv:Code>` +
            `<soapenv:Reason><soapenv:Text xml:lang="en">${escapeXml(fault.message)}</soapenv:Text></soapenv:Reason>` +
            `<soapenv:Detail>${wso2Fault(fault)}</soapenv:Detail>`,
        ),
      };
    default:
      return representation satisfies never;
  }
}

/** The description, with when to come back where that is told. The blank before the full stop is WSO2's. */
export function descriptionOf({ description, nextAccessAt }: Fault): string {
  return nextAccessAt === null
    ? description
    : `${description} .You can access API after ${formatNextAccess(nextAccessAt)}`;
}

function wso2Fault(fault: Fault): string {
  const element = (name: string, text: string) => `<amt:${name}>${escapeXml(text)}</amt:${name}>`;
  const next =
    fault.nextAccessAt === null ? "" : element("nextAccessTime", formatNextAccess(fault.nextAccessAt));
  return (
    `<amt:fault xmlns:amt="http://wso2.org/apimanager/throttling">${element("code", String(fault.code))}` +
    `${element("message", fault.message)}${element("description", descriptionOf(fault))}${next}</amt:fault>`
  );
}

function envelope(namespace: string, fault: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="${namespace}"><soapenv:Body>` +
    `<soapenv:Fault>${fault}</soapenv:Fault></soapenv:Body></soapenv:Envelope>`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
