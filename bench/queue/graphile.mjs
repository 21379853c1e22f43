// graphile-worker at trivial jobs: graphile.mjs '{"host", "database", "jobs", "warm", "concurrent", "local", "delay"}'
// Prints {"per_second"}: jobs locked, run and completed, counted after the first `warm` of them.
import { makeWorkerUtils, run, Logger } from "graphile-worker";
import pg from "pg";

const asked = JSON.parse(process.argv[2]);
const pool = new pg.Pool({ host: asked.host, database: asked.database, user: "fleet", max: asked.pool });
const silent = new Logger(() => () => {});

const utils = await makeWorkerUtils({ pgPool: pool, logger: silent });
await utils.migrate();
const total = asked.jobs + asked.warm;
for (let from = 0; from < total; from += 1000) {
  const jobs = Array.from({ length: Math.min(1000, total - from) }, (_, i) => ({ identifier: "lint", payload: { n: from + i } }));
  await utils.addJobs(jobs);
}
await pool.query("vacuum analyze graphile_worker._private_jobs");

let done = 0;
let began;
let finish;
const finished = new Promise((resolve) => { finish = resolve; });
const runner = await run({
  pgPool: pool,
  logger: silent,
  noHandleSignals: true,
  pollInterval: 500,
  preset: {
    worker: {
      concurrentJobs: asked.concurrent,
      ...(asked.local > 0 ? { localQueue: { size: asked.local }, completeJobBatchDelay: asked.delay } : {}),
    },
  },
  taskList: {
    lint: async () => {
      done += 1;
      if (done === asked.warm) began = performance.now();
      if (done === total) finish();
    },
  },
});
await finished;
// Until the last completion stands in the table, whatever was batched.
for (;;) {
  const left = await pool.query("select count(*)::int as n from graphile_worker._private_jobs");
  if (left.rows[0].n === 0) break;
  await new Promise((resolve) => { setTimeout(resolve, 2); });
}
const seconds = (performance.now() - began) / 1000;
await runner.stop();
await utils.release();
await pool.end();
console.log(JSON.stringify({ per_second: Math.round(asked.jobs / seconds) }));
