// The shared vectors (docs/formats/vectors.md) through an evaluator; runs in Node.js and in a page. `read(name)` gives a file's bytes.

const attribute = {
  bool: ([text]) => text === "true",
  int: ([text]) => BigInt(text),
  double: ([text]) => ({ nan: NaN, inf: Infinity, "-inf": -Infinity })[text] ?? Number(text),
  text: ([text]) => text,
  list: (texts) => texts,
  // Dates have milliseconds only; a text of the same time is the same.
  time: ([text]) => {
    const micros = BigInt(text);
    const seconds = new Date(Number(micros / 1000000n) * 1000).toISOString().slice(0, 19);
    return `${seconds}.${String(micros % 1000000n).padStart(6, "0")}Z`;
  },
};

function contextOf(Context, entries) {
  const attributes = {};
  const options = { groups: {} };
  for (const [name, kind, ...texts] of entries) {
    if (kind === "force") options.groups[name] = texts[0];
    else if (kind === "now") options.now = BigInt(texts[0]);
    else attributes[name] = attribute[kind](texts);
  }
  return new Context(attributes, options);
}

const canonical = (value) => JSON.stringify(value, (_, one) => (Object.is(one, -0) ? "-0" : one));

function given(expected, asked) {
  if (expected.problem !== undefined) return "mine";
  if (expected.type === "bool") return expected.value === "true";
  if (expected.type === "double" || asked === "double") return Number(expected.value);
  if (expected.type === "int") return Number.isSafeInteger(Number(expected.value)) ? Number(expected.value) : BigInt(expected.value);
  return expected.type === "json" ? JSON.parse(expected.value) : expected.value;
}

// What is wrong, as texts; and how many cases there were.
export async function checkVectors(names, read, createEvaluator, Context) {
  const wrong = [];
  let cases = 0;
  for (const name of names) {
    const suite = JSON.parse(new TextDecoder().decode(await read(`${name}.json`)));
    const evaluator = await createEvaluator();
    evaluator.load(await read(suite.snapshot));
    if (BigInt(evaluator.version) !== BigInt(suite.version)) wrong.push(`${name}: version ${evaluator.version}`);
    const contexts = suite.contexts.map((entries) => contextOf(Context, entries));
    for (const [index, parameter, asked, expected] of suite.cases) {
      cases += 1;
      const type = asked === "any" ? undefined : asked;
      const details = evaluator.details(parameter, "mine", contexts[index], { type, prefetch: true });
      const value = given(expected, asked);
      const same =
        (typeof value === "bigint" ? value === details.value : canonical(value) === canonical(details.value)) &&
        details.reason === expected.reason &&
        details.errorCode === expected.problem &&
        (expected.problem !== undefined ||
          (details.type === expected.type &&
            details.missingUnit === (expected.missing_unit ?? false) &&
            details.experiment === expected.experiment &&
            details.group === expected.group &&
            details.bucket === expected.bucket &&
            details.exposures.map((e) => `${e.experiment}:${e.group}`).join(";") === (expected.exposures ?? "")));
      if (!same) wrong.push(`${name} ${parameter} as ${asked} for ${JSON.stringify(suite.contexts[index])}: ${Object.values(details)}`);
    }
  }
  return { cases, wrong };
}
