// Node-RED for the bench: no editor, no admin interface, nothing that calls home. What differs from run to run comes by
// the environment: BENCH_PORT, BENCH_DATABASE_HOST (the folder of PostgreSQL's socket), BENCH_BROKER_HOST and
// BENCH_BROKER_PORT, which the flow names.
const { Pool } = require("pg");

// Two connections: one batch is on its way while the next is stored. More, and a larger batch, were not faster.
const pool = new Pool({ host: process.env.BENCH_DATABASE_HOST, user: "bench", database: "postgres", max: 2 });

module.exports = {
    uiHost: "127.0.0.1",
    uiPort: Number(process.env.BENCH_PORT),
    httpAdminRoot: false,
    httpNodeRoot: false,
    flowFile: "flows.json",
    credentialSecret: false,
    telemetry: { enabled: false, updateNotification: false },
    functionGlobalContext: { pool },
    logging: { console: { level: "info", metrics: false, audit: false } },
};
