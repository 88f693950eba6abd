// Who may know whom, as docs/ARCHITECTURE.md draws it. Exits 1 and names every breach.

import { execFileSync } from "node:child_process";

const metadata = JSON.parse(
  execFileSync("cargo", ["metadata", "--format-version=1", "--no-deps", "--locked"], {
    encoding: "utf8",
    maxBuffer: 64 << 20,
  }),
);

const PREFIX = "userstream-";
const short = (name) => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name);
const SERVICES = ["frontend", "queue-receiver", "sender", "database-service", "report-generator"];
const SHARED = ["domain", "trace", "queue", "store", "runtime", "wiring"];

// What a crate of the house may depend on, tests aside.
const MAY_KNOW = {
  domain: [],
  trace: [],
  queue: ["domain", "trace"],
  store: ["domain", "trace"],
  runtime: ["domain", "trace"],
  wiring: ["domain", "queue", "store", "runtime"],
  testkit: [],
  userstream: [...SHARED, ...SERVICES],
  benches: ["domain", "queue", "store", "testkit"],
  crash: ["testkit"],
  ...Object.fromEntries(SERVICES.map((service) => [service, SHARED])),
};

// Libraries that stay behind one wall: whoever else needs one asks the crate that has it. The
// benchmarks measure against the bare library.
const ONLY_IN = {
  sqlx: ["store", "benches"],
  rusqlite: ["queue"],
  lapin: ["queue", "benches"],
  lettre: ["sender", "benches"],
  jsonwebtoken: ["runtime"],
  argon2: ["frontend"],
};

const house = new Set(metadata.packages.map((p) => p.name));
const breaches = [];
for (const { name, dependencies } of metadata.packages) {
  const crate = short(name);
  if (!(crate in MAY_KNOW)) {
    breaches.push(`${crate} has no place in the house yet: add it to scripts/check-layers.mjs`);
    continue;
  }
  for (const { name: dependency, kind } of dependencies) {
    if (house.has(dependency) && kind !== "dev" && !MAY_KNOW[crate].includes(short(dependency))) {
      breaches.push(`${crate} may not know ${short(dependency)}`);
    }
    if (house.has(dependency) && SERVICES.includes(crate) && SERVICES.includes(short(dependency))) {
      breaches.push(`${crate} and ${short(dependency)} are services: they share messages and HTTP only`);
    }
    if (ONLY_IN[dependency] && kind !== "dev" && !ONLY_IN[dependency].includes(crate)) {
      breaches.push(`${crate} may not name ${dependency}: only ${ONLY_IN[dependency].join(" and ")} may`);
    }
  }
}

for (const breach of new Set(breaches)) console.error(`layers: ${breach}`);
if (breaches.length > 0) process.exit(1);
console.log(`layers: ${metadata.packages.length} crates keep to the plan`);
