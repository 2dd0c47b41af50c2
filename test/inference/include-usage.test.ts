import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { askForUsage, takesStreamOptions } from "../../src/inference/include-usage.js";
import { bytesOf } from "../metering/feeding.js";

function ask(text: string): string | null {
  const body = bytesOf(text);
  const result = askForUsage(body);
  assert.deepEqual(body, bytesOf(text), "the body itself is not changed");
  return result === null ? null : Buffer.from(result).toString();
}

test("chat completions and older completions take stream options, behind any prefix", () => {
  for (const path of [
    "/v1/chat/completions",
    "/openai/v1/chat/completions/",
    "/openai/deployments/x/chat/completions?api-version=2024-10-21",
    "/v1/completions",
  ]) {
    assert.equal(takesStreamOptions(path), true, path);
  }
  for (const path of [
    undefined,
    "/",
    "/v1/responses",
    "/v1/messages",
    "/v1/embeddings",
    "/x?/chat/completions",
  ]) {
    assert.equal(takesStreamOptions(path), false, path);
  }
});

describe("a streaming request asks for its usage", () => {
  const cases: [name: string, body: string, expected: string][] = [
    ["where it has no options", '{"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    [
      "where its options are empty",
      '{"stream":true,"stream_options":{ }}',
      '{"stream":true,"stream_options":{"include_usage":true }}',
    ],
    [
      "where its options are others",
      '{"stream_options":{"include_obfuscation":false},"stream":true}',
      '{"stream_options":{"include_usage":true,"include_obfuscation":false},"stream":true}',
    ],
    [
      "where it asked for none",
      '{"stream":true,"stream_options":{"include_usage":false,"a":1}}',
      '{"stream":true,"stream_options":{"include_usage":true,"a":1}}',
    ],
    [
      "where it asked oddly",
      '{"stream":true,"stream_options":{"include_usage": {"a":[true]} }}',
      '{"stream":true,"stream_options":{"include_usage": true }}',
    ],
    [
      "where its options are null",
      '{"stream":true,"stream_options": null }',
      '{"stream":true,"stream_options": {"include_usage":true} }',
    ],
    [
      "where its options are a list",
      '{"stream":true,"stream_options":[{"include_usage":true}],"a":1}',
      '{"stream":true,"stream_options":{"include_usage":true},"a":1}',
    ],
    [
      "where it has the options twice: the last count",
      '{"stream":true,"stream_options":{"include_usage":true},"stream_options":{}}',
      '{"stream":true,"stream_options":{"include_usage":true},"stream_options":{"include_usage":true}}',
    ],
    [
      "where it says both: the last counts",
      '{"stream":true,"stream_options":{"include_usage":true,"include_usage":false}}',
      '{"stream":true,"stream_options":{"include_usage":true,"include_usage":true}}',
    ],
    [
      "where the names are written with escapes",
      '{"\\u0073tream":true,"stream_\\u006fptions":{"include\\u005fusage":false}}',
      '{"\\u0073tream":true,"stream_\\u006fptions":{"include\\u005fusage":true}}',
    ],
    [
      "behind a byte order mark",
      '\ufeff {"stream":true}',
      '\ufeff {"stream_options":{"include_usage":true},"stream":true}',
    ],
    [
      "where another server would take what JSON does not allow",
      '{"stream":true,"seed":NaN}',
      '{"stream_options":{"include_usage":true},"stream":true,"seed":NaN}',
    ],
  ];
  for (const [name, body, expected] of cases) {
    test(name, () => {
      assert.equal(ask(body), expected);
      assert.equal(ask(expected), null, "asked once, it asks already");
    });
  }
});

test("nothing changes where nothing is to be asked for", () => {
  for (const body of [
    '{"stream":true,"stream_options":{"include_usage":true}}',
    '{"stream":true,"stream_options":{},"stream_options":{"a":{},"include_usage" : true }}',
    "{}",
    '{"stream":false}',
    '{"stream":null}',
    '{"stream":"false"}',
    '{"stream":0}',
    '{"Stream":false}',
    '{"stream":true,"stream":false}',
    '{"stream":{"stream":true}}',
    '{"a":{"stream":true},"b":[{"stream":true}]}',
    '[{"stream":true}]',
    '{"stream":true',
    '{"stream":true}}',
    '{"stream":true}{"stream":true}',
    '{"stream":true,}',
    '{"stream":true,"stream_options":{"include_usage":false,}}',
    '{"stream":true,"stream_options":{"include_usage":',
    "true",
    "",
  ]) {
    assert.equal(ask(body), null, body);
  }
});

test("a stream is what any server takes for one, by its value and by the case of the name", () => {
  for (const on of ['"true"', '"True"', '"1"', '"on"', '"YES"', '"t"', '"y"', '"\\u0074rue"', "1", "1.0"]) {
    assert.equal(ask(`{"stream":${on}}`), `{"stream_options":{"include_usage":true},"stream":${on}}`);
  }
  for (const text of ['"Stream":true', '"STREAM":true,"stream":false', '"stream":true,"\u017ftream":false']) {
    assert.equal(ask(`{${text}}`), `{"stream_options":{"include_usage":true},${text}}`);
  }
});

test("every other byte stays: numbers of any size, spacing, and text in any script", () => {
  const rest =
    ' \r\n"stream" :\ttrue , "seed":12345678901234567890,"a":1e400,"b":-0.0,"c":"京都🦊 \\u4eac\\/" } \n';
  assert.equal(ask(`{${rest}`), `{"stream_options":{"include_usage":true},${rest}`);
});

const options = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue(),
  fc.dictionary(fc.string(), fc.jsonValue()),
  fc.record({ include_usage: fc.jsonValue() }),
  fc.record({ a: fc.jsonValue(), include_usage: fc.boolean(), b: fc.jsonValue() }, { requiredKeys: [] }),
);
const others = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { noNullPrototype: true });

test("the result differs in that member alone, and by bytes in one place", () => {
  fc.assert(
    fc.property(others, options, others, fc.constantFrom("", " ", "\t"), (before, asked, after, space) => {
      const original = {
        ...before,
        stream: true,
        ...(asked !== undefined && { stream_options: asked }),
        ...after,
      };
      const text = JSON.stringify(original, null, space);
      const parsed = JSON.parse(text);
      const isObject = typeof asked === "object" && asked !== null && !Array.isArray(asked);
      const kept = isObject ? parsed.stream_options : {};
      const result = ask(text);
      if (result === null) {
        assert.equal(kept.include_usage, true);
        return;
      }
      assert.deepEqual(JSON.parse(result), { ...parsed, stream_options: { ...kept, include_usage: true } });
      if (asked === undefined || (isObject && !("include_usage" in asked))) {
        let same = 0;
        while (result[same] === text[same] && same < text.length) same += 1;
        assert.ok(result.endsWith(text.slice(same)), result);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("of any duplicates the same ones count as for JSON.parse", () => {
  const include = fc.constantFrom(
    '"include_usage":true',
    '"include_usage":false',
    '"include_usag\\u0065":[]',
    '"a":{}',
  );
  const inner = fc.array(include, { maxLength: 3 }).map((members) => `{${members.join()}}`);
  const outer = fc.oneof(
    fc.constantFrom(
      '"stream":true',
      '"stream":false',
      '"str\\u0065am":true',
      '"a":"b"',
      '"stream_options":null',
    ),
    inner.map((options) => `"stream_options":${options}`),
    inner.map((options) => `"stream\\u005foptions" : ${options}`),
    inner.map((options) => `"a":{"stream_options":${options},"stream":false}`),
  );
  fc.assert(
    fc.property(fc.array(outer, { maxLength: 6 }), (members) => {
      const text = `{${members.join()}}`;
      const parsed = JSON.parse(text);
      const { stream, stream_options: options } = parsed;
      const isAsked = stream !== true || options?.include_usage === true;
      const expected = isAsked ? null : { ...parsed, stream_options: { ...options, include_usage: true } };
      assert.deepEqual(JSON.parse(ask(text) ?? "null"), expected, text);
    }),
    { numRuns: 2_000 },
  );
});

test("no bytes make it throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(askForUsage(bytes), null);
    }),
  );
  const fragment = fc.constantFrom(
    ..."{}[],: ",
    '"stream"',
    ":true",
    '"stream_options"',
    '"include_usage"',
    ":{",
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 20 }), (fragments) => {
      const result = ask(`{"stream":true,${fragments.join("")}}`);
      if (result !== null) assert.equal(ask(result), null);
    }),
    { numRuns: 2_000 },
  );
});
