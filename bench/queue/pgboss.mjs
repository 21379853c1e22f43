// pg-boss at trivial jobs: pgboss.mjs '{"host", "database", "jobs", "warm", "workers", "batch"}'
// Its polling workers pause half a second at least between two fetches; so its own fetch() and complete() are called
// in loops instead, which is the most it can do. Prints {"per_second"}: jobs fetched and completed.
import PgBoss from "pg-boss";

const asked = JSON.parse(process.argv[2]);
const boss = new PgBoss({
  host: asked.host, database: asked.database, user: "fleet", max: asked.pool, schedule: false, supervise: false,
});
boss.on("error", (error) => { throw error; });
await boss.start();
await boss.createQueue("lint");
const total = asked.jobs + asked.warm;
for (let from = 0; from < total; from += 1000) {
  await boss.insert(Array.from({ length: Math.min(1000, total - from) }, (_, i) => ({ name: "lint", data: { n: from + i } })));
}
await boss.getDb().executeSql("vacuum analyze");

const enough = asked.count ? asked.warm + asked.count : total;
let done = 0;
let began;
async function work() {
  while (done < enough) {
    const jobs = await boss.fetch("lint", { batchSize: asked.batch });
    if (!jobs || jobs.length === 0) return;
    await boss.complete("lint", jobs.map((job) => job.id));
    const before = done;
    done += jobs.length;
    if (before < asked.warm && done >= asked.warm) began = { at: performance.now(), done };
  }
}
await Promise.all(Array.from({ length: asked.workers }, work));
const seconds = (performance.now() - began.at) / 1000;
if (done < enough) throw new Error(`${done} of ${total} jobs were done`);
await boss.stop({ graceful: false });
console.log(JSON.stringify({ per_second: Math.round((done - began.done) / seconds) }));
process.exit(0);
