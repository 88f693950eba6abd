// `make test-compose`: brings the stack of docker-compose.yml up for real, in a project of its own, and uses it
// as people do. Where images cannot be pulled it makes stand-ins from Debian's packages (stand-ins/).

import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "../..");
const PROJECT = `userstream-test-${process.pid}`;
const MANY = 2_000;

/** Images of the stack, each with the stand-in for it. */
const IMAGES = {
  "node:22-bookworm-slim": "node",
  "rust:1.95-bookworm": "rust",
  "gcr.io/distroless/cc-debian12:nonroot": "distroless",
  "postgres:17-bookworm": "postgres",
  "rabbitmq:4-management": "rabbitmq",
  "axllent/mailpit:v1.27": "mail",
};

const scratch = mkdtempSync(join(tmpdir(), "userstream-compose-"));
const say = (text) => console.log(`==> ${text}`);
let engine;
let env = { ...process.env, DOCKER_BUILDKIT: "1", COMPOSE_DOCKER_CLI_BUILD: "1" };

function run(command, args, options = {}) {
  return execFileSync(command, args, {
    encoding: "utf8",
    env,
    cwd: ROOT,
    maxBuffer: 256 << 20,
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
}

function succeeds(command, args) {
  try {
    run(command, args);
    return true;
  } catch {
    return false;
  }
}

/** Runs a long command with its output shown. */
const show = (command, args, options = {}) =>
  run(command, args, { stdio: ["ignore", "inherit", "inherit"], ...options });

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function eventually(what, check, seconds = 120) {
  const end = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const found = await check();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`in vain: ${what}${last ? ` (${last.message})` : ""}`);
    await sleep(250);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Uses the engine that runs, or starts one of its own; says so where there is none to be had. */
async function startEngine() {
  if (succeeds("docker", ["info"])) return;
  const root = process.getuid() === 0;
  const installed = () => ["dockerd", "docker", "docker-compose"].every((p) => succeeds("which", [p]));
  if (root && !installed() && succeeds("which", ["apt-get"])) {
    say("Installing a Docker Engine (Debian packages)");
    const quiet = { ...env, DEBIAN_FRONTEND: "noninteractive" };
    succeeds("apt-get", ["update", "-qq"]);
    const packages = ["docker.io", "docker-compose", "debootstrap"];
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env: quiet });
  }
  if (!root || !installed()) {
    throw new Error(
      "No Docker Engine is to be had: none answers, and one can be installed and started by root on Debian only. Nothing was tested.",
    );
  }
  say("Starting a Docker Engine of its own");
  const at = (name) => join(scratch, name);
  env.DOCKER_HOST = `unix://${at("socket")}`;
  const paths = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid")];
  engine = spawn("dockerd", [...paths, "-H", env.DOCKER_HOST], { stdio: "ignore" });
  await eventually("the engine answers", () => succeeds("docker", ["info"]), 60);
}

/** The program that builds by BuildKit: Debian's, where another one has it only as a plug-in. */
function docker() {
  const debian = "/usr/bin/docker";
  return !succeeds("docker", ["buildx", "version"]) && existsSync(debian) ? debian : "docker";
}

/** `docker compose`, or the program that was before it. */
function compose(args, options = {}) {
  const plugin = succeeds("docker", ["compose", "version"]);
  const [command, first] = plugin ? ["docker", ["compose"]] : ["docker-compose", []];
  // What a person keeps in .env is no part of the test.
  const empty = join(scratch, "none.env");
  writeFileSync(empty, "");
  return run(command, [...first, "--env-file", empty, "-p", PROJECT, ...args], options);
}

/** The images as they are published, or stand-ins under their names. */
function images() {
  const missing = Object.keys(IMAGES).filter(
    (image) => !succeeds("docker", ["image", "inspect", image]) && !succeeds("docker", ["pull", "-q", image]),
  );
  if (missing.length === 0) return;
  say(`Making stand-ins for ${missing.join(", ")}`);
  if (!succeeds("docker", ["image", "inspect", "userstream-stand-in/bookworm"])) {
    const rootfs = join(scratch, "rootfs");
    run("debootstrap", ["--variant=minbase", "bookworm", rootfs]);
    const imports = `tar -C "${rootfs}" -c . | docker import - userstream-stand-in/bookworm`;
    run("sh", ["-c", imports]);
    rmSync(rootfs, { recursive: true });
  }
  for (const image of missing) {
    const context = join(scratch, IMAGES[image]);
    cpSync(join(HERE, "stand-ins"), context, { recursive: true });
    cpSync("/etc/ssl/certs/ca-certificates.crt", join(context, "authorities.crt"), { dereference: true });
    if (IMAGES[image] === "rust") {
      const sysroot = run("rustc", ["--print", "sysroot"]).trim();
      mkdirSync(join(context, "toolchain"));
      run("cp", ["-r", join(sysroot, "bin"), join(sysroot, "lib"), join(context, "toolchain")]);
    }
    if (IMAGES[image] === "node") {
      cpSync(process.execPath, join(context, "node"));
      const npm = dirname(dirname(realpathSync(run("which", ["npm"]).trim())));
      cpSync(npm, join(context, "npm"), { recursive: true, dereference: true });
    }
    show(docker(), ["build", "-q", "-t", image, "-f", join(context, `${IMAGES[image]}.Dockerfile`), context]);
    rmSync(context, { recursive: true });
  }
}

/** One build for all: the files are the same but for their last stage. */
function build() {
  const shared = /^[\s\S]*# The same up to here\.\n/m;
  const files = ["frontend", "queue-receiver", "sender", "database-service", "report-generator"];
  const heads = files.map((name) => shared.exec(readFileSync(join(ROOT, "services", name, "Dockerfile"), "utf8"))?.[0]);
  assert(heads.every((head) => head && head === heads[0]), "the services' Dockerfiles differ before their last stage");
  say("Building the images; the first time takes some minutes");
  for (const name of files) {
    show(docker(), ["build", "-q", "-t", `userstream/${name}`, "-f", `services/${name}/Dockerfile`, "."]);
  }
}

function assert(condition, message) {
  if (!condition) throw new Error(message);
}

let site;
let mails;
let cookie;

async function call(path, { method = "GET", body, headers = {} } = {}) {
  const answer = await fetch(site + path, {
    method,
    headers: { ...(body && { "content-type": "application/json" }), ...(cookie && { cookie }), ...headers },
    body: body && JSON.stringify(body),
  });
  return answer;
}

async function register(email) {
  const person = { name: "Ada", surname: "Lovelace", email };
  const answer = await call("/api/registrations", { method: "POST", body: person });
  const body = await answer.text();
  assert(answer.status === 202, `${email}: ${answer.status} ${body}`);
  return JSON.parse(body).id;
}

const reaches = (id, stage, seconds) =>
  eventually(`${id} is ${stage}`, async () => {
    const status = await (await call(`/api/registrations/${id}`)).json();
    return status.timeline?.some((s) => s.stage === stage);
  }, seconds);

async function caught(email) {
  const { messages } = await (await fetch(`${mails}/api/v1/messages?limit=500`)).json();
  return messages.some((message) => message.To.some((to) => to.Address === email));
}

const containers = (service) => compose(["ps", "-q", service]).trim().split("\n").filter(Boolean);
const inspect = (id, format) => run("docker", ["inspect", "-f", format, id]).trim();

async function test() {
  const secret = () => randomBytes(32).toString("hex");
  const [frontendPort, mailPort] = [await freePort(), await freePort()];
  env = {
    ...env,
    FRONTEND_PORT: `${frontendPort}`,
    MAIL_PORT: `${mailPort}`,
    PUBLIC_URL: `http://localhost:${frontendPort}`,
    RATE_LIMIT_PER_MINUTE: "0",
  };
  [site, mails] = [`http://127.0.0.1:${frontendPort}`, `http://127.0.0.1:${mailPort}`];

  say("Without secrets it is refused");
  let refusal = "";
  try {
    compose(["config"]);
  } catch (error) {
    refusal = error.stderr;
  }
  assert(refusal.includes("scripts/compose-env"), `the refusal says what to do: ${refusal}`);
  for (const name of ["JWT_SECRET", "DB_PASSWORD", "QUEUE_PASSWORD", "ADMIN_PASSWORD"]) {
    env[`USERSTREAM_${name}`] = secret();
  }

  say("docker compose up");
  compose(["up", "-d", "--no-build"]);
  await eventually("the page is there", async () => (await call("/health/ready")).ok, 240);
  const page = await (await call("/", { headers: { accept: "text/html" } })).text();
  assert(page.includes("<form"), "the page has a form");

  say("A person registers and is mailed");
  const first = await register("ada@example.com");
  await reaches(first, "email_sent");
  await eventually("the e-mail is in the catcher", () => caught("ada@example.com"));

  say("Every service runs as nobody, on a file system that it cannot write to, and is healthy");
  for (const service of ["frontend", "queue-receiver", "sender", "database-service", "report-generator"]) {
    const [id] = containers(service);
    assert(inspect(id, "{{.Config.User}}") === "65532:65532", `${service} is not root`);
    assert(inspect(id, "{{.HostConfig.ReadonlyRootfs}}") === "true", `${service} is read-only`);
    await eventually(`${service} is healthy`, () => inspect(id, "{{.State.Health.Status}}") === "healthy");
  }

  say("The administrator makes a report and downloads it");
  const login = { email: "admin@example.com", password: env.USERSTREAM_ADMIN_PASSWORD };
  const session = await call("/api/admin/login", { method: "POST", body: login });
  assert(session.status === 204, `login: ${session.status}`);
  cookie = session.headers.get("set-cookie").split(";")[0];
  const wish = { format: "csv", columns: ["name", "surname", "email"] };
  const { report_id } = await (await call("/api/admin/reports", { method: "POST", body: wish })).json();
  await eventually("the report is done", async () => {
    return (await (await call(`/api/admin/reports/${report_id}`)).json()).status === "done";
  });
  const csv = await (await call(`/api/admin/reports/${report_id}/download`)).text();
  assert(csv === "name,surname,email\r\nAda,Lovelace,ada@example.com\r\n", `the report: ${csv}`);

  say("A service is killed and comes back by itself");
  const [sender] = containers("sender");
  const killed = inspect(sender, "{{.State.StartedAt}}");
  // Not by the engine, for which that is a person's wish: as the kernel does when memory is short.
  const kill = ["-c", `kill -9 ${inspect(sender, "{{.State.Pid}}")}`];
  run("docker", ["run", "--rm", "--pid=host", "--user=0", "--entrypoint=/bin/sh", "postgres:17-bookworm", ...kill]);
  await eventually("it runs again", () => {
    const running = inspect(sender, "{{.State.Running}}") === "true";
    return running && inspect(sender, "{{.State.StartedAt}}") !== killed;
  });
  const waiting = await register("grace@example.com");
  await reaches(waiting, "email_sent", 180);

  say("Three receivers share what comes");
  compose(["up", "-d", "--no-build", "--no-recreate", "--scale", "queue-receiver=3"]);
  await eventually("all are healthy", () => {
    const ids = containers("queue-receiver");
    return ids.length === 3 && ids.every((id) => inspect(id, "{{.State.Health.Status}}") === "healthy");
  });
  for (let n = 0; n < MANY; n += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, i) => register(`many${n + i}@example.com`)));
  }
  await eventually("all are stored", async () => {
    return (await (await call("/api/admin/stats")).json()).users.total === MANY + 2;
  });
  for (const id of containers("queue-receiver")) {
    const log = run("docker", ["logs", id]);
    assert(log.includes('"message":"recorded"'), "a receiver recorded nothing");
    assert(!log.includes("@example.com"), "a log holds an e-mail address");
  }
  await eventually("all are mailed", async () => {
    return (await (await call("/api/admin/stats")).json()).notifications.sent >= MANY + 2;
  }, 240);
  const { queues } = await (await call("/api/admin/stats")).json();
  assert(queues.every((queue) => queue.dead_letters === 0), "dead letters");

  say("docker compose down and up again: everything is still there");
  compose(["down"]);
  compose(["up", "-d", "--no-build"]);
  await eventually("the page is there", async () => (await call("/health/ready")).ok, 240);
  await eventually("the people are there", async () => {
    return (await (await call("/api/admin/stats")).json()).users.total === MANY + 2;
  });
}

function end() {
  if (env.USERSTREAM_JWT_SECRET) {
    try {
      compose(["down", "-v", "--remove-orphans"]);
    } catch {}
  }
  engine?.kill("SIGTERM");
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    end();
    process.exit(130);
  });
}

try {
  await startEngine();
  images();
  build();
  await test();
  console.log("1 passed, 0 failed");
} catch (error) {
  if (error.stderr) console.error(error.stderr);
  console.error(`test-compose: ${error.message}`);
  if (env.USERSTREAM_JWT_SECRET) {
    try {
      console.error(compose(["ps"]));
      console.error(compose(["logs", "--tail=15"]));
    } catch {}
  }
  process.exitCode = 1;
} finally {
  end();
  if (engine && engine.exitCode === null) await new Promise((resolve) => engine.once("exit", resolve));
  // What an engine that was interrupted has left mounted.
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const mount of mounts.filter((path) => path.startsWith(`${scratch}/`)).reverse()) {
    succeeds("umount", ["-l", mount]);
  }
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}
