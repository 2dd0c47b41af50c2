import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readSiddhi } from "../../src/wso2/siddhi.js";

/** A query in the form that WSO2 documents. */
const query = ({ eligible = "true", window = "1 min", most = ">= 5" }) =>
  `FROM RequestStream SELECT userId, ${eligible} AS isEligible, str:concat(userId,'') as throttleKey INSERT INTO ` +
  `EligibilityStream; FROM EligibilityStream[isEligible==true]#throttler:timeBatch(${window}) SELECT throttleKey, ` +
  `(count(userId) ${most}) as isThrottled, expiryTimeStamp group by throttleKey INSERT ALL EVENTS into ResultStream;`;

describe("readSiddhi", () => {
  test("reads how many in which window", () => {
    assert.deepEqual(readSiddhi(query({})), { requests: 5, per: "minute", condition: null });
    assert.deepEqual(readSiddhi(query({ window: "5 sec, 0" })), {
      requests: 5,
      per: "5 seconds",
      condition: null,
    });
    assert.deepEqual(readSiddhi(query({ window: "2 hours" }))?.per, "2 hours");
  });

  test("lets as many pass as the comparison does", () => {
    assert.equal(readSiddhi(query({ most: ">= 10" }))?.requests, 10);
    assert.equal(readSiddhi(query({ most: "> 10" }))?.requests, 11);
    assert.equal(readSiddhi(query({ most: ">= 0" })), null);
    assert.equal(readSiddhi(query({ most: "== 10" })), null);
  });

  for (const eligible of ["(true)", "( ( true ) )", "not (userId is null)", "NOT(userId IS NULL)"]) {
    test(`takes ${eligible} for all requests`, () => {
      assert.equal(readSiddhi(query({ eligible }))?.condition, null);
    });
  }

  for (const eligible of [
    "userId == 'admin@carbon.super'",
    "regex:find('^/cds-au', apiContext)",
    "userId == 'a' and apiContext == '/b'",
    "not (userId is null) and true",
    "(userId == 'a') or (userId == 'b')",
  ]) {
    test(`tells of the condition ${eligible}`, () => {
      assert.equal(readSiddhi(query({ eligible }))?.condition, eligible);
    });
  }

  test("reads nothing into what is of another form", () => {
    for (const other of [
      "",
      "FROM RequestStream",
      query({ window: "1 fortnight" }),
      query({ window: "0 min" }),
    ]) {
      assert.equal(readSiddhi(other), null, other);
    }
    assert.equal(readSiddhi(query({}).replace("isThrottled", "isTired")), null);
    assert.equal(readSiddhi(query({}).replace("isEligible", "isAllowed")), null);
    assert.equal(readSiddhi(query({}).replace("timeBatch", "timeLength")), null);
  });
});
