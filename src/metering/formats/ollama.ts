import type { Format } from "../format.js";
import { normaliseCounts, toTokenCount } from "../usage.js";

/**
 * Ollama's own API (`/api/chat`, `/api/generate`, `/api/embed`), which streams JSON lines unless it is told not to. The
 * counts come with `done: true`; a prompt that was all in the cache has none (ollama docs/api.md).
 */
export const ollama: Format = {
  paths: [["model"], ["done"], ["prompt_eval_count"], ["eval_count"]],
  marks: ['eval_count"', '"done":true', '"done": true'],
  recognises({ done, prompt_eval_count, eval_count }) {
    return typeof done === "boolean" || prompt_eval_count != null || eval_count != null;
  },
  open(report) {
    return (document) => {
      const { model, done, prompt_eval_count, eval_count } = document;
      report.name(model);
      if (prompt_eval_count != null || eval_count != null) {
        const counts = {
          input: toTokenCount(prompt_eval_count),
          output: toTokenCount(eval_count),
          total: 0,
          cachedInput: 0,
          cacheWriteInput: 0,
          reasoning: 0,
        };
        report.count(normaliseCounts(counts), done !== false);
      }
      if (done === true) report.finish();
    };
  },
};
