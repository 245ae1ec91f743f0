// Flattens the conformance suite of @bufbuild/cel-spec 0.6.1 to JSON lines: one case a line, only the cases
// that need no protobuf messages. Run after `npm install @bufbuild/cel-spec@0.6.1 --legacy-peer-deps`:
//   node flatten.mjs > cel_cases.ndjson
import { tests } from "@bufbuild/cel-spec/testdata/conformance.js";

const core = ["basic", "plumbing", "parse", "comparisons", "conversions", "fields", "fp_math", "integer_math",
  "lists", "logic", "macros", "namespace", "string", "timestamps"];
const ext = ["macros2", "optionals", "string_ext", "math_ext", "bindings_ext", "encoders_ext"];

// Test messages, wrapper types, Any, Struct, enums and extensions have no JSON form here.
const needsProtobuf = new RegExp(["TestAllTypes", "NestedTestAllTypes", "TestRequired", "cel\\.expr\\.conformance",
  "google\\.protobuf\\.(Any|Struct|Value|ListValue|NullValue|FieldMask|Empty|[A-Za-z0-9]+Value)",
  "proto2?\\.", "GlobalEnum", "getExt", "hasExt"].join("|"));

for (const [group, files] of [["core", core], ["ext", ext]]) {
  for (const file of files) {
    const suite = tests.suites.find((s) => s.name === file);
    for (const section of suite.suites) {
      const seen = new Map();
      for (const { original } of section.tests) {
        const ordinal = (seen.get(original.name) ?? 0) + 1;
        seen.set(original.name, ordinal);
        if (needsProtobuf.test(JSON.stringify(original))) continue;
        const { description, ...kept } = original;
        console.log(JSON.stringify({ group, file, section: section.name, ordinal, ...kept }));
      }
    }
  }
}
