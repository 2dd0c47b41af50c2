import type { Notes } from "../document/notes.js";
import type { ApiSource } from "./api-source.js";

/** Context and version: the path that WSO2 serves an API under, and knows it by. */
export function versionedPath({ basePath, version, addsVersion }: ApiSource): string {
  const number = version.text() ?? "";
  if (!addsVersion) return basePath.replaceAll("{version}", number);
  return basePath === "/" ? `/${number}` : `${basePath}/${number}`;
}

/** The prefix that weir matches the API by: the default version is served without a version as well. */
export function pathPrefix(api: ApiSource, notes: Notes): string {
  const path = versionedPath(api);
  if (!api.isDefault) return path;
  const at = api.at.at("isDefaultVersion");
  if (!api.addsVersion) {
    notes.add(at, "WSO2 serves it without the version too; here that path belongs to no API");
    return path;
  }
  const base = api.basePath;
  notes.add(at, `${base} covers ${path} here too, but what is behind ${base} is matched and sent on`);
  return base;
}
